// The stage: calls, lanes of the topic, replicas with what they are at, deliveries, and the red line
// between two events that changed places.
import { model, t, element, act, callOrders, canAct, canCall, changed, isOver } from "/page.js";
import { chip, letterOf, paint } from "/chip.js";
import { chipAt, drawLanes } from "/lanes.js";

const ROWS = 9;
const CHANGE_MS = 1400; // as page.css: a row that changed shows it
const RINGS = 4; // of a replica
const RING = 2 * Math.PI * 20;
const SVG = "http://www.w3.org/2000/svg";

const by = (id) => document.getElementById(id);

// --- order-service -------------------------------------------------------------------------------

async function call(method, id, body) {
	const answer = by("answer");
	try {
		const got = await callOrders(method, id, body);
		answer.textContent = `HTTP ${got.status} ${JSON.stringify(got.body)}`;
	} catch (error) {
		answer.textContent = String(error.message);
	}
}

// The latest order that is not cancelled.
function currentOrder() {
	return [...model.orders.values()].filter((order) => order.published.length > 0
		&& !order.published.some((message) => message.type === "OrderCancelled")).at(-1)?.id;
}

let calls = "";

function drawCalls() {
	const order = currentOrder(), port = model.state.orders?.[0]?.port ?? "8081";
	const able = canCall();
	const key = `${order} ${port} ${able} ${document.documentElement.lang}`;
	if (calls === key) return;
	calls = key;
	const button = (text, line, enabled, go) => able
		? element("button", { type: "button", disabled: !enabled, onclick: go }, text, element("code", {}, line))
		: element("p", {}, text, element("code", {}, line));
	by("calls").replaceChildren(
		button(t("call.place"), `http :${port}/orders customerId=2000 productId=100 productName=RADIO qty=3 address=PUSAN`, true,
			() => call("POST", 0, { customerId: 2000, productId: "100", productName: "RADIO", qty: 3, address: "PUSAN" })),
		button(order ? t("call.modify", { order }) : t("call.modify.none"), `http PATCH :${port}/orders/${order ?? "ID"} address=SEOUL`, order,
			() => call("PATCH", order, { address: "SEOUL" })),
		button(order ? t("call.cancel", { order }) : t("call.cancel.none"), `http DELETE :${port}/orders/${order ?? "ID"}`, order,
			() => call("DELETE", order)));
}

// --- replicas ------------------------------------------------------------------------------------

// How far a ring is filled, and the seconds that are left.
function fill([made, event], now) {
	const since = Date.parse(event.since), due = Date.parse(event.due);
	const share = Math.min(1, Math.max(0, (now - since) / (due - since)));
	made.querySelector(".part").setAttribute("stroke-dashoffset", RING * (1 - share));
	made.querySelector("span").lastChild.textContent = t("seconds", { n: Math.max(0, (due - now) / 1000).toFixed(0) });
}

function ring(event) {
	const svg = document.createElementNS(SVG, "svg");
	svg.setAttribute("viewBox", "0 0 46 46");
	for (const part of [false, true]) {
		const circle = shape("circle", { cx: 23, cy: 23, r: 20 });
		if (part) {
			circle.setAttribute("class", "part");
			circle.setAttribute("stroke-dasharray", RING);
		}
		svg.append(circle);
	}
	return paint(element("div", { class: "ring", title: `${event.event}, ${t("order")} ${event.orderId}` }, svg,
		element("span", {}, `${letterOf(event.event)}${event.version} #${event.orderId}`, element("br"), document.createTextNode(""))),
	event.orderId);
}

// Those whose work takes a while.
const timed = (service) => (service.inFlight?.events ?? [])
	.filter((event) => event.due && Date.parse(event.due) - Date.parse(event.since) > 300).slice(0, RINGS);

function drawWork(card, service) {
	const events = timed(service), more = (service.inFlight?.inWork ?? 0) - events.length;
	const idle = !service.inFlight?.partitionsOwned;
	const key = JSON.stringify([service.ready, idle, more, events.map((event) => [event.partition, event.offset]),
		document.documentElement.lang, document.documentElement.dataset.theme]);
	if (card.drawn === key) return;
	card.drawn = key;
	card.rings = service.ready && !idle ? events.map((event) => [ring(event), event]) : [];
	const text = !service.ready ? t("not.ready") : idle ? t("replica.idle") : events.length === 0 ? t("replica.nothing")
		: more > 0 ? t("replica.more", { n: more }) : "";
	card.work.replaceChildren(...card.rings.map(([made]) => made), text);
}

// A card stays while its replica is there: a button that is replaced while it is pressed is not clicked.
const cards = new Map(); // number of the replica -> its card

function makeCard(number) {
	const button = (name) => element("button", { type: "button", onclick: () => act(name, { n: number }).catch(() => {}) });
	const card = { name: element("span"), kill: button("kill"), pause: button("pause"), resume: button("resume"),
		owned: element("p", { class: "owned" }), work: element("div", { class: "work" }), rings: [] };
	card.element = element("div", {}, element("header", {}, card.name,
		element("span", { class: "buttons" }, card.kill, card.pause, card.resume)), card.owned, card.work);
	cards.set(number, card);
	return card;
}

function drawCard(service) {
	const card = cards.get(service.number) ?? makeCard(service.number);
	const idle = service.ready && service.inFlight?.partitionsOwned === 0;
	const owned = service.inFlight?.partitions.map((partition) => partition.partition).join(", ");
	card.element.className = `replica${idle ? " idle" : ""}${service.ready ? "" : " down"}`;
	card.name.textContent = service.about?.replica ?? `delivery-${service.port}`;
	for (const name of ["kill", "pause", "resume"]) {
		card[name].textContent = t(name);
		card[name].disabled = Boolean(model.running);
		card[name].hidden = !canAct() || (name === "pause" && !service.ready) || (name === "resume" && service.ready);
	}
	card.owned.hidden = !owned;
	card.owned.textContent = t("replica.owns", { list: owned });
	drawWork(card, service);
	return card.element;
}

function drawReplicas() {
	const list = model.state.deliveries ?? [], place = by("replicas");
	for (const number of cards.keys())
		if (!list.some((service) => service.number === number)) cards.delete(number);
	const elements = list.map(drawCard);
	if (elements.length !== place.children.length || elements.some((made, i) => made !== place.children[i]))
		place.replaceChildren(...elements);
	fillRings();
}

// They fill between two looks at the services.
function fillRings() {
	const now = Date.now() + model.clock;
	for (const card of cards.values())
		for (const one of card.rings) fill(one, now);
}

// --- deliveries ----------------------------------------------------------------------------------

// A newer event was applied before an older one; or all is applied of an order that was cancelled, and
// the cancellation, which came before the order itself, had no effect.
function isWrong(order) {
	return Boolean(order.late) || (order.row.status !== "DELIVERY CANCELLED" && isOver(order));
}

function row(order) {
	const cells = [
		element("td", {}, paint(element("span", { class: "swatch" }), order.id), `#${order.id}`),
		element("td", {}, order.row.status.replace("DELIVERY ", "")),
		element("td", {}, String(order.row.version)),
	];
	const choose = () => {
		model.chosen = order.id;
		changed();
	};
	const fresh = !model.leftOut && performance.now() - order.changed < CHANGE_MS;
	return element("tr", {
		class: `${isWrong(order) ? "late" : ""}${fresh ? " changed" : ""}`,
		tabindex: "0", "aria-selected": String(model.chosen === order.id), onclick: choose,
		onkeydown: (event) => event.key === "Enter" && choose(),
	}, ...cells);
}

let rows = "";

function drawDeliveries() {
	const list = [...model.orders.values()].filter((order) => order.row)
		.sort((a, b) => b.effects.at(-1).id - a.effects.at(-1).id).slice(0, ROWS);
	const key = `${list.map((order) => `${order.id}${order.effects.at(-1).id}${isWrong(order)}`)} ${model.chosen} ${document.documentElement.dataset.theme}`;
	if (rows === key) return;
	rows = key;
	by("rows").replaceChildren(...list.map(row));
	setTimeout(() => by("rows").querySelectorAll(".changed").forEach((one) => one.classList.remove("changed")), CHANGE_MS);
}

// --- one order -----------------------------------------------------------------------------------

function listOf(title, list) {
	return element("div", {}, element("h4", {}, title), element("ol", {}, ...list));
}

let chosen = "";

function drawChosen() {
	const order = model.orders.get(model.chosen) ?? (model.last && model.orders.get(model.last.order));
	const key = `${order?.id} ${order?.published.length} ${order?.effects.at(-1)?.id} ${document.documentElement.lang} ${document.documentElement.dataset.theme}`;
	if (chosen === key) return;
	chosen = key;
	if (!order) {
		by("chosen").replaceChildren(t("chosen.none"));
		return;
	}
	const published = [...order.published].sort((a, b) => a.version - b.version);
	by("chosen").replaceChildren(
		element("p", {}, t("chosen.title.of", { order: order.id }), order.row ? `: ${order.row.productName}, ${order.row.address}` : ""),
		element("div", { class: "two" },
			listOf(t("chosen.published"), published.map((message) => element("li", {},
				chip(message.type, order.id, message.version), `${t("partition", { n: message.partition })}, ${message.offset}`))),
			listOf(t("chosen.applied"), order.effects.map((effect) => element("li", { class: effect.newer ? "late" : "" },
				chip(effect.event, order.id, effect.version), effect.replica)))));
}

// --- the red line --------------------------------------------------------------------------------

function centre(made, frame) {
	const box = made.getBoundingClientRect();
	return [box.left + box.width / 2 - frame.left, box.top + box.height / 2 - frame.top];
}

function shape(name, attributes) {
	const made = document.createElementNS(SVG, name);
	for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
	return made;
}

function drawLine() {
	const wires = by("wires"), effect = model.inversion;
	const old = effect && chipAt(effect.partition, effect.offset);
	const newer = effect && chipAt(effect.newer.partition, effect.newer.offset);
	if (!old || !newer) {
		if (wires.firstChild) wires.replaceChildren();
		return;
	}
	const frame = wires.getBoundingClientRect();
	const [x1, y1] = centre(newer, frame), [x2, y2] = centre(old, frame);
	const far = Math.hypot(x2 - x1, y2 - y1) || 1, x = (x2 - x1) / far * 28, y = (y2 - y1) / far * 28;
	wires.replaceChildren(shape("line", { x1: x1 + x, y1: y1 + y, x2: x2 - x, y2: y2 - y }),
		shape("circle", { cx: x1, cy: y1, r: 28 }), shape("circle", { cx: x2, cy: y2, r: 28 }));
}

// --- all -----------------------------------------------------------------------------------------

// Numbers and words that stand alone; one that is the same is left alone.
function drawWords() {
	const words = { outbox: String(model.state.rates?.outbox ?? 0), "topic-name": model.state.topic ?? "",
		"left-out": model.leftOut ? t("left.out", { n: model.leftOut }) : "",
		"key-mode": model.state.orders?.[0] ? t(model.state.orders[0].about?.settings?.EVENT_KEY === "none" ? "key.none" : "key.id") : "" };
	for (const [id, text] of Object.entries(words))
		if (by(id).textContent !== text) by(id).textContent = text;
	by("left-out").hidden = !model.leftOut;
}

export function drawStage() {
	drawCalls();
	drawLanes();
	drawReplicas();
	drawDeliveries();
	drawChosen();
	drawLine();
	drawWords();
}

setInterval(fillRings, 200);
addEventListener("resize", changed);
