// The guided lab: each step asks for a prediction, plays by itself, and gives the verdict and its
// reason. And the switches, which do by a click what `make` does.
import { model, t, element, act, callOrders, canAct, until, isOver, changed, command } from "/page.js";
import { delay, missingOfStack, prepare, setting } from "/prepare.js";

const OFF = { SEQUENCING: "off", PROCESSING_ORDER: "partition" };
const PAUSE_MAX = 20000; // ms between two orders, ever longer, until order-service sends to the new partitions
const LOADED_MIN = 4;    // orders of the step with load whose change is not done yet, and as many as ...
const LOADED_MS = 30000; // ... are so much work: it is not done before the new partitions are read

const steps = [
	{ partitions: 1, replicas: 1, settings: { EVENT_KEY: "none", ...OFF }, fresh: true },
	{ partitions: 2, replicas: 2, settings: { EVENT_KEY: "none", ...OFF } },
	{ partitions: 2, replicas: 2, settings: { EVENT_KEY: "order-id", ...OFF } },
	{ partitions: 2, replicas: 2, settings: { EVENT_KEY: "none", ...OFF, SEQUENCING: "enforce" } },
	{ partitions: 2, replicas: 2, settings: { EVENT_KEY: "order-id", ...OFF }, kill: true },
	{ partitions: 2, replicas: 2, settings: { EVENT_KEY: "order-id", ...OFF }, grow: 6 },
];
// How the delivery can end; in the step with load, how all of them can.
const endings = (step) => (step.grow ? ["some MODIFIED", "all CANCELLED"] : ["MODIFIED", "CANCELLED"]);
const ending = (name) => (name.includes(" ") ? t(`lab.${name}`) : `DELIVERY ${name}`);

let current = 0;
let guess = null, playing = null, result = null, failure = null;
const passed = new Set();

// --- playing -------------------------------------------------------------------------------------

function say(text) {
	playing = text;
	changed();
}

// Waits until look() is true, and says what for.
function hold(what, look, why) {
	const missing = () => missingOfStack() ?? why();
	say(what);
	return until(() => {
		const found = look();
		playing = found ? what : `${what}: ${missing()}`;
		return found;
	}, missing);
}

const appliedOf = (id) => model.orders.get(id)?.effects.length ?? 0;
const notApplied = (id, all) => t("wait.applied", { order: id, n: appliedOf(id), all });

const awaitApplied = (what, id, count) => hold(what, () => appliedOf(id) >= count, () => notApplied(id, count));

// KIM places an order, changes the address, and cancels while the change is in work: order-service
// publishes in the order of its answers, so there is nothing to wait for.
async function callAll() {
	const { body } = await callOrders("POST", 0, RADIO);
	await awaitApplied(t("lab.calls"), body.id, 1);
	await callOrders("PATCH", body.id, { address: "SEOUL" });
	await callOrders("DELETE", body.id);
	model.chosen = body.id;
	return body.id;
}

const worker = (id) => model.state.deliveries?.find((service) => service.inFlight?.events.some((event) => event.orderId === id && event.event === "OrderModified"));

async function kill(id) {
	const number = await hold(t("lab.calls"), () => worker(id)?.number, () => t("wait.work", { order: id }));
	await new Promise((resolve) => setTimeout(resolve, Math.min(3000, delay() / 3)));
	await act("kill", { n: number });
}

const RADIO = { customerId: 2000, productId: "100", productName: "RADIO", qty: 3, address: "PUSAN" };

const isDone = (id) => isOver(model.orders.get(id));

// Orders are placed and changed all the time while partitions are added; once order-service sends to
// the new ones, all orders are cancelled.
async function callWhileItGrows(step) {
	const ids = [], old = model.state.partitions.length;
	const placeAndChange = async () => {
		const { body } = await callOrders("POST", 0, RADIO);
		ids.push(body.id);
		await callOrders("PATCH", body.id, { address: "SEOUL" });
	};
	const inNew = (message) => message.partition >= old && message.type.startsWith("Order");
	const loaded = Math.max(LOADED_MIN, LOADED_MS / delay());
	const load = async () => {
		while (ids.filter((id) => appliedOf(id) < 2).length < loaded) await placeAndChange();
	};
	say(t("lab.calls"));
	await load();
	say(t("lab.grow", { n: step.grow }));
	const grown = act("partitions", { n: step.grow });
	let failed = null;
	grown.catch((error) => (failed = error));
	for (let pause = 500; ![...model.messages.values()].flat().some(inNew); pause *= 1.2) {
		if (failed || pause > PAUSE_MAX) throw failed ?? new Error(t("wait.new"));
		await placeAndChange();
		await load();
		await new Promise((resolve) => setTimeout(resolve, pause));
	}
	for (const id of ids) await callOrders("DELETE", id);
	await grown;
	await hold(t("lab.wait", { n: delay() / 1000 }), () => ids.every(isDone),
		() => t("wait.over", { n: ids.filter(isDone).length, all: ids.length }));
	const wrong = ids.filter((id) => model.orders.get(id).row?.status !== "DELIVERY CANCELLED");
	if (wrong.length > 0) model.chosen = wrong.at(-1);
	return { status: wrong.length > 0 ? "some MODIFIED" : "all CANCELLED", late: wrong.length > 0,
		many: { wrong: wrong.map((id) => `#${id}`).join(", "), n: wrong.length, all: ids.length } };
}

async function callAndEnd(step) {
	const id = await callAll();
	if (step.kill) await kill(id);
	await awaitApplied(t("lab.wait", { n: delay() / 1000 }), id, 3);
	const order = model.orders.get(id);
	return { status: order.row.status.replace("DELIVERY ", ""), late: Boolean(order.late) };
}

async function play() {
	const step = steps[current];
	result = failure = null;
	try {
		await prepare(step, (look, why) => hold(t("lab.prepare"), look, why));
		result = await (step.grow ? callWhileItGrows(step) : callAndEnd(step));
		result.hit = result.status === guess;
		passed.add(current);
		if (step.kill) await act("scale", { n: step.replicas });
	} catch (error) {
		failure = error.message;
	}
	say(null);
}

// --- the step on the screen ----------------------------------------------------------------------

const commandsOf = (step) => [
	step.fresh ? command("reset") : null,
	step.partitions > 1 ? command("partitions", step.partitions) : null,
	command("scale", step.replicas),
	...Object.entries(step.settings).map(([name, value]) => command("settings", `${name}=${value}`)),
].filter(Boolean);

function prediction(step) {
	return element("fieldset", { disabled: Boolean(playing) }, element("legend", {}, t("lab.predict")), ...endings(step).map((name) => {
		const id = `guess-${name.split(" ").at(-1)}`;
		const input = element("input", { type: "radio", name: "guess", value: name, id, onchange: () => {
			guess = name;
			changed();
		} });
		input.checked = guess === name;
		return element("label", { for: id }, input, ` ${ending(name)}`);
	}));
}

function outcome(number) {
	if (failure) return element("p", { class: "result wrong", role: "alert" }, t("lab.failed", { why: failure }));
	if (!result) return null;
	return element("div", { class: `result ${result.late ? "wrong" : "right"}` },
		element("strong", {}, t(result.late ? "verdict.wrong" : "verdict.right"), ". ",
			result.many ? t(result.late ? "lab.results" : "lab.results.none", result.many) : t("lab.result", { status: `DELIVERY ${result.status}` })), " ",
		element("em", {}, t(result.hit ? "lab.hit" : "lab.miss")), " ",
		t(result.many && !result.late ? "lab.spared" : `lab.${number}.why`));
}

function stepButton(i) {
	return element("button", { type: "button", "aria-current": i === current ? "step" : false, class: passed.has(i) ? "passed" : "", disabled: Boolean(playing), onclick: () => {
		current = i;
		guess = result = failure = null;
		changed();
	} }, `${i + 1}. ${t(`lab.${i + 1}.name`)}`);
}

function answering(step) {
	if (!canAct()) return element("p", { class: "typed" }, t("lab.readonly"), ...commandsOf(step).map((line) => element("code", {}, line)));
	return element("div", { class: "answering" }, prediction(step),
		element("button", { type: "button", class: "main", id: "play", disabled: !guess || Boolean(playing) || Boolean(model.running), onclick: play }, t("lab.play")));
}

let drawn = "";

export function drawLab() {
	const key = JSON.stringify([current, guess, playing, result, failure, canAct(), document.documentElement.lang, [...passed],
		Boolean(model.running), delay(), model.state.commands]);
	drawSwitches();
	if (drawn === key) return;
	const focused = document.activeElement?.id;
	drawn = key;
	document.getElementById("steps").replaceChildren(...steps.map((step, i) => element("li", {}, stepButton(i))));
	document.getElementById("step").replaceChildren(...[
		element("p", { class: "text" }, t(`lab.${current + 1}.text`, { delay: delay() / 1000 })),
		answering(steps[current]),
		playing ? element("p", { class: "progress", role: "status" }, t("lab.playing", { what: playing })) : null,
		outcome(current + 1)].filter(Boolean));
	if (focused) document.getElementById(focused)?.focus();
}

// --- switches ------------------------------------------------------------------------------------

function one(text, typed, ...buttons) {
	if (!canAct() && !typed) return null;
	return element("div", { class: "switch" }, element("span", {}, text), canAct() ? element("span", { class: "buttons" }, ...buttons) : null,
		typed ? element("code", {}, canAct() ? t("or.type", { command: typed }) : typed) : null);
}

function press(text, name, content, more = {}) {
	return element("button", { type: "button", disabled: Boolean(model.running) || Boolean(playing),
		onclick: () => act(name, content).catch(() => {}), ...more }, text);
}

// A setting and its values; the command shows the next one.
function choice(text, name, now, values) {
	const next = Object.keys(values).find((value) => value !== String(now));
	return one(text, command("settings", `${name}=${next}`), ...Object.entries(values).map(([value, label]) =>
		press(label, "settings", { [name]: typeof now === "number" ? Number(value) : value },
			value === String(now) ? { "aria-pressed": "true", disabled: true } : { "aria-pressed": "false" })));
}

let switches = "";

function drawSwitches() {
	const replicas = model.state.deliveries?.length ?? 0, partitions = model.state.partitions?.length ?? 0, up = Boolean(model.state.kafkaUp);
	const key = setting("EVENT_KEY"), sequencing = setting("SEQUENCING", "deliveries"), order = setting("PROCESSING_ORDER", "deliveries");
	const now = JSON.stringify([replicas, partitions, key, sequencing, order, delay(), model.running, playing, up, canAct(), model.state.commands, document.documentElement.lang]);
	if (switches === now) return;
	switches = now;
	document.getElementById("switches").replaceChildren(...[
		choice(t("switch.key"), "EVENT_KEY", key, { none: t("none"), "order-id": t("id") }),
		one(t("switch.partitions", { n: partitions }), command("partitions", partitions + 1), press("+", "partitions", { n: Math.min(12, partitions + 1) })),
		one(t("switch.replicas", { n: replicas }), command("scale", replicas + 1), press("−", "scale", { n: Math.max(0, replicas - 1) }),
			press("+", "scale", { n: Math.min(8, replicas + 1) })),
		choice(t("switch.delay", { n: delay() / 1000 }), "DELIVERY_DELAY_MS", delay(), { 3000: t("seconds", { n: 3 }), 10000: t("seconds", { n: 10 }) }),
		choice(t("switch.sequencing"), "SEQUENCING", sequencing, { off: t("off"), enforce: t("on") }),
		one(t("switch.broker"), command("broker-stop"), press(t("stop"), "broker-stop", {}, up ? {} : { disabled: true }), press(t("start"), "broker-start", {}, up ? { disabled: true } : {})),
		choice(t("switch.order"), "PROCESSING_ORDER", order, { partition: t("order.partition"), key: t("order.key"), unordered: t("order.none") }),
		one(t("switch.verify"), command("verify"), press(t("do"), "verify", {})),
		one(t("switch.reset"), command("reset"), press(t("do"), "reset", {})),
		model.running ? element("p", { class: "progress", role: "status" }, t("busy", { what: model.running })) : null].filter(Boolean));
}
