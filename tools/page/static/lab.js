// The guided lab: each step asks for a prediction, plays by itself, and gives the verdict and its
// reason. And the switches, which do by a click what `make` does.
import { model, t, element, act, callOrders, canAct, until, changed } from "/page.js";

const STATUSES = ["MODIFIED", "CANCELLED"];

const steps = [
	{ partitions: 1, replicas: 1, settings: { EVENT_KEY: "none", SEQUENCING: "off" }, expected: "CANCELLED", fresh: true },
	{ partitions: 2, replicas: 2, settings: { EVENT_KEY: "none", SEQUENCING: "off" }, expected: "MODIFIED" },
	{ partitions: 2, replicas: 2, settings: { EVENT_KEY: "order-id", SEQUENCING: "off" }, expected: "CANCELLED" },
	{ partitions: 2, replicas: 2, settings: { EVENT_KEY: "none", SEQUENCING: "enforce" }, expected: "CANCELLED" },
	{ partitions: 2, replicas: 2, settings: { EVENT_KEY: "order-id", SEQUENCING: "off" }, expected: "CANCELLED", kill: true },
];
let current = 0;
let guess = null, playing = null, result = null, failure = null;
const passed = new Set();

const setting = (name, service = "orders") => model.state[service]?.find((one) => one.about)?.about.settings?.[name];
const delay = () => Number(setting("DELIVERY_DELAY_MS", "deliveries") ?? 10000);

// --- playing -------------------------------------------------------------------------------------

function say(text) {
	playing = text;
	changed();
}

const partitionsOwned = () => (model.state.deliveries ?? []).reduce((sum, service) => sum + (service.ready ? service.inFlight?.partitionsOwned ?? 0 : 0), 0);

const hasSettings = (step) => Object.entries(step.settings)
	.every(([name, value]) => (setting(name) ?? setting(name, "deliveries")) === value);

async function prepare(step) {
	say(t("lab.prepare"));
	if (step.fresh) await act("reset");
	if ((model.state.partitions?.length ?? 1) < step.partitions) await act("partitions", { n: step.partitions });
	if (!hasSettings(step)) await act("settings", step.settings);
	if (model.state.deliveries?.length !== step.replicas) await act("scale", { n: step.replicas });
	await until(() => hasSettings(step) && model.state.deliveries?.length === step.replicas && model.state.orders?.some((service) => service.ready)
		&& partitionsOwned() === (model.state.partitions?.length ?? 0)
		&& (step.replicas === 1 || model.state.deliveries.every((service) => service.inFlight?.partitionsOwned > 0)), 60, t("lab.prepare"));
}

// KIM places an order, changes the address, and cancels while the change is in work.
async function callAll() {
	say(t("lab.calls"));
	const { body } = await callOrders("POST", 0, { customerId: 2000, productId: "100", productName: "RADIO", qty: 3, address: "PUSAN" });
	const order = () => model.orders.get(body.id);
	await until(() => order()?.effects.length >= 1, 30, "OrderPlaced");
	await callOrders("PATCH", body.id, { address: "SEOUL" });
	await until(() => order()?.published.some((message) => message.type === "OrderModified"), 30, "OrderModified");
	await callOrders("DELETE", body.id);
	model.chosen = body.id;
	return body.id;
}

const worker = (id) => model.state.deliveries?.find((service) => service.inFlight?.events.some((event) => event.orderId === id && event.event === "OrderModified"));

async function kill(id) {
	const number = await until(() => worker(id)?.number, 30, "OrderModified");
	await new Promise((resolve) => setTimeout(resolve, Math.min(3000, delay() / 3)));
	await act("kill", { n: number });
}

async function play() {
	const step = steps[current];
	result = failure = null;
	try {
		await prepare(step);
		const id = await callAll();
		say(t("lab.wait", { n: delay() / 1000 }));
		if (step.kill) await kill(id);
		await until(() => model.orders.get(id)?.effects.length >= 3, delay() / 1000 * 2 + 60, "OrderModified");
		const row = model.orders.get(id).row;
		result = { status: row.status, late: Boolean(model.orders.get(id).late), hit: row.status.endsWith(guess) };
		passed.add(current);
		if (step.kill) await act("scale", { n: step.replicas });
	} catch (error) {
		failure = error.message;
	}
	say(null);
}

// --- the step on the screen ----------------------------------------------------------------------

const commands = (step) => [
	step.fresh ? "make reset" : null,
	step.partitions > 1 ? `make partitions N=${step.partitions}` : null,
	`make scale N=${step.replicas}`,
	`make up ${Object.entries(step.settings).map(([name, value]) => `${name}=${value}`).join(" ")}`,
].filter(Boolean);

function prediction() {
	return element("fieldset", { disabled: Boolean(playing) }, element("legend", {}, t("lab.predict")), ...STATUSES.map((status) => {
		const input = element("input", { type: "radio", name: "guess", value: status, id: `guess-${status}`, onchange: () => {
			guess = status;
			changed();
		} });
		input.checked = guess === status;
		return element("label", { for: `guess-${status}` }, input, ` DELIVERY ${status}`);
	}));
}

function outcome(number) {
	if (failure) return element("p", { class: "result wrong", role: "alert" }, t("lab.failed", { why: failure }));
	if (!result) return null;
	return element("div", { class: `result ${result.late ? "wrong" : "right"}` },
		element("strong", {}, t(result.late ? "verdict.wrong" : "verdict.right"), ". ", t("lab.result", { status: result.status })), " ",
		t(result.hit ? "lab.hit" : "lab.miss"), element("br"), t(`lab.${number}.why`));
}

let drawn = "";

export function drawLab() {
	const key = JSON.stringify([current, guess, playing, result, failure, canAct(), document.documentElement.lang, [...passed], Boolean(model.running)]);
	drawSwitches();
	if (drawn === key) return;
	drawn = key;
	const number = current + 1;
	document.getElementById("steps").replaceChildren(...steps.map((step, i) => element("li", {},
		element("button", { type: "button", "aria-current": i === current ? "step" : false, class: passed.has(i) ? "right" : "", disabled: Boolean(playing), onclick: () => {
			current = i;
			guess = result = failure = null;
			changed();
		} }, `${i + 1}. ${t(`lab.${i + 1}.name`)}`))));
	document.getElementById("step").replaceChildren(...[
		element("p", {}, t(`lab.${number}.text`, { delay: delay() / 1000 })),
		prediction(),
		canAct() ? element("button", { type: "button", class: "main", id: "play", disabled: !guess || Boolean(playing) || Boolean(model.running), onclick: play }, t("lab.play"))
			: element("p", {}, t("lab.readonly"), ...commands(steps[current]).flatMap((line) => [element("br"), element("code", {}, line)])),
		playing ? element("p", { class: "progress", role: "status" }, t("lab.playing", { what: playing })) : null,
		outcome(number)].filter(Boolean));
}

// --- switches ------------------------------------------------------------------------------------

function one(text, command, ...buttons) {
	return element("div", { class: "switch" }, element("span", {}, text), element("span", { class: "buttons" }, ...buttons),
		element("code", {}, t("or.type", { command })));
}

function press(text, name, content, current_ = false) {
	return element("button", { type: "button", "aria-pressed": String(current_), disabled: !canAct() || Boolean(model.running) || Boolean(playing) || current_,
		onclick: () => act(name, content).catch(() => {}) }, text);
}

let switches = "";

function drawSwitches() {
	const replicas = model.state.deliveries?.length ?? 0, partitions = model.state.partitions?.length ?? 0;
	const key = setting("EVENT_KEY"), sequencing = setting("SEQUENCING", "deliveries"), seconds = delay() / 1000;
	const now = JSON.stringify([replicas, partitions, key, sequencing, seconds, model.running, playing, model.state.kafkaUp, canAct(), document.documentElement.lang]);
	if (switches === now) return;
	switches = now;
	document.getElementById("switches").replaceChildren(
		one(t("switch.key"), "make up EVENT_KEY=none", press(t("none"), "settings", { EVENT_KEY: "none" }, key === "none"),
			press(t("id"), "settings", { EVENT_KEY: "order-id" }, key === "order-id")),
		one(t("switch.partitions", { n: partitions }), `make partitions N=${partitions + 1}`, press("+", "partitions", { n: Math.min(12, partitions + 1) })),
		one(t("switch.replicas", { n: replicas }), `make scale N=${replicas + 1}`, press("−", "scale", { n: Math.max(0, replicas - 1) }),
			press("+", "scale", { n: Math.min(8, replicas + 1) })),
		one(t("switch.delay", { n: seconds }), "make up DELIVERY_DELAY_MS=3000", ...[3, 10].map((n) => press(t("seconds", { n }), "settings", { DELIVERY_DELAY_MS: n * 1000 }, seconds === n))),
		one(t("switch.sequencing"), "make up SEQUENCING=enforce", press(t("off"), "settings", { SEQUENCING: "off" }, sequencing === "off"),
			press(t("on"), "settings", { SEQUENCING: "enforce" }, sequencing === "enforce")),
		one(t("switch.broker"), "make broker-stop", press(t("stop"), "broker-stop", {}, !model.state.kafkaUp), press(t("start"), "broker-start", {}, Boolean(model.state.kafkaUp))),
		one(t("switch.verify"), "make verify", press(t("do"), "verify", {})),
		one(t("switch.reset"), "make reset", press(t("do"), "reset", {})));
	const note = document.getElementById("switches");
	if (model.running) note.append(element("p", { class: "progress", role: "status" }, t("busy", { what: model.running })));
}
