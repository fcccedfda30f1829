// Numbers over time: the last two minutes of what the services' metrics say, drawn small.
import { model, t, element } from "/page.js";

const KEPT = 240; // looks, two a second
const CHARTS = ["placed", "effects", "lag", "outbox", "p99"];
const numbers = new Map(CHARTS.map((name) => [name, []]));
const made = new Map();

export function addNumbers(rates) {
	if (!rates) return;
	for (const name of CHARTS) {
		const list = numbers.get(name);
		list.push(rates[name]);
		if (list.length > KEPT) list.shift();
	}
}

function line(canvas, list) {
	const ratio = devicePixelRatio, width = canvas.clientWidth, height = canvas.clientHeight;
	const context = canvas.getContext("2d"), most = Math.max(1, ...list.map((value) => value ?? 0));
	if (canvas.width !== Math.round(width * ratio)) {
		canvas.width = Math.round(width * ratio);
		canvas.height = Math.round(height * ratio);
	}
	context.setTransform(ratio, 0, 0, ratio, 0, 0);
	context.clearRect(0, 0, width, height);
	context.strokeStyle = getComputedStyle(document.documentElement).getPropertyValue("--mark");
	context.lineWidth = 1.5;
	context.beginPath();
	let drawing = false;
	list.forEach((value, i) => {
		const x = width - (list.length - 1 - i) * (width / (KEPT - 1)), y = height - 3 - (height - 6) * ((value ?? 0) / most);
		if (value == null) drawing = false;
		else if (drawing) context.lineTo(x, y);
		else context.moveTo(x, y);
		drawing = value != null;
	});
	context.stroke();
}

function chart(name) {
	const value = element("strong", {}, "0"), label = element("span", {}), canvas = element("canvas", { "aria-hidden": "true" });
	made.set(name, { value, label, canvas });
	return element("div", { class: "chart" }, label, value, canvas);
}

export function drawCharts() {
	const place = document.getElementById("charts");
	if (!place.firstChild) place.append(...CHARTS.map(chart));
	for (const name of CHARTS) {
		const { value, label, canvas } = made.get(name), now = model.state.rates?.[name];
		label.textContent = t(`chart.${name}`);
		value.textContent = now == null ? "-" : now.toLocaleString(document.documentElement.lang, { maximumFractionDigits: now < 10 ? 1 : 0 });
		line(canvas, numbers.get(name));
	}
}
