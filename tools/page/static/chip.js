// A chip: one event, P, M or C, with its version, in the colour and pattern of its order.
import { element, short } from "/page.js";

// Each order has a colour, and a pattern for those who do not see colours.
export function paint(made, order) {
	const hue = (order * 137.508) % 360;
	const dark = document.documentElement.dataset.theme === "dark";
	made.style.setProperty("--chip", `hsl(${hue} 70% ${dark ? 65 : 42}%)`);
	made.style.setProperty("--chip-paper", `hsl(${hue} ${dark ? "40% 22%" : "75% 94%"})`);
	made.style.setProperty("--chip-line", `hsl(${hue} ${dark ? "40% 34%" : "60% 82%"})`);
	return made;
}

const LETTER = { Placed: "P", Modified: "M", Cancelled: "C", Started: "s" };

export const letterOf = (type) => LETTER[short(type)];

export function chip(type, order, version, more = {}) {
	const delivery = type.startsWith("Delivery");
	const letter = letterOf(type) ?? "?";
	const made = element("div", {
		class: `chip pattern-${order % 4}${delivery ? " delivery" : ""}${more.class ?? ""}`,
		title: more.title,
	}, element("b", {}, (delivery ? letter.toLowerCase() : letter) + (version ?? "")), `#${order}`);
	return paint(made, order);
}
