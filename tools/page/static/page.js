// The page's heart: the stream, the model made of it, texts, and actions. It shows what is: every
// chip is a message read from Kafka, every row was read from PostgreSQL.
import { drawStage } from "/stage.js";
import { drawLab } from "/lab.js";
import { drawCharts, addNumbers } from "/charts.js";
import { drawLoad, addLoad } from "/load.js";
import { drawHistory } from "/history.js";

const KEPT_MESSAGES = 40; // of a partition
const KEPT_ORDERS = 200;
const OUTPUT_KEPT = 8000; // characters of what a command prints

export const model = {
	state: {},            // how all is now
	messages: new Map(),  // partition -> the latest messages, oldest first
	orders: new Map(),    // order id -> { row, effects, published, late }
	inversion: null,      // the latest effect that came after a newer one
	last: null,           // the latest effect
	leftOut: 0,
	connected: false,
	chosen: null,
	answers: new Map(),   // id of an action -> how it ended
	clock: 0,             // the server's clock minus ours, in ms
	running: null,        // the action that runs
	ended: 0,             // when the last one ended, by the server's monotonic clock
	output: null,         // what it has printed so far
};

// --- texts ---------------------------------------------------------------------------------------

let texts = {};
export let language = localStorage.getItem("language") || (navigator.language.startsWith("ko") ? "ko" : "en");

export function t(key, values = {}) {
	return (texts[key] ?? key).replace(/\{(\w+)\}/g, (all, name) => values[name] ?? all);
}

async function useLanguage(name) {
	texts = await (await fetch(`/text.${name}.json`)).json();
	language = name;
	localStorage.setItem("language", name);
	document.documentElement.lang = name;
	document.title = t("title");
	for (const element of document.querySelectorAll("[data-text]"))
		element.textContent = t(element.dataset.text);
	const button = document.getElementById("language");
	button.textContent = t("language");
	button.lang = name === "en" ? "ko" : "en";
	useTheme(document.documentElement.dataset.theme);
	changed();
}

function useTheme(theme) {
	document.documentElement.dataset.theme = theme;
	localStorage.setItem("theme", theme);
	document.getElementById("theme").textContent = t(theme === "dark" ? "theme.light" : "theme.dark");
}

// element("p", { class: "note" }, "text", child...): text is data, never markup.
export function element(name, attributes = {}, ...children) {
	const made = document.createElement(name);
	for (const [key, value] of Object.entries(attributes)) {
		if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
		else if (value === true) made.setAttribute(key, "");
		else if (value !== false && value != null) made.setAttribute(key, value);
	}
	made.append(...children.filter((child) => child != null));
	return made;
}

// --- drawing, at most once a frame ---------------------------------------------------------------

let dirty = false;
const waiting = new Set();

export function changed() {
	for (const look of waiting) look();
	if (dirty) return;
	dirty = true;
	requestAnimationFrame(() => {
		dirty = false;
		drawHealth();
		drawVerdict();
		drawStage();
		drawLab();
		drawCharts();
		drawLoad();
		drawHistory();
	});
}

// Waits until look() is true. why() says what is missing: as long as that changes, something goes on,
// however slow the machine is. Rejects with it once it has been the same for so many seconds.
export function until(look, why, seconds = 120) {
	return new Promise((resolve, reject) => {
		let said, timer;
		function end(settle, value) {
			clearTimeout(timer);
			waiting.delete(check);
			settle(value);
		}
		function check() {
			const found = look();
			if (found) return end(resolve, found);
			const now = why();
			if (now === said) return;
			said = now;
			clearTimeout(timer);
			timer = setTimeout(() => end(reject, new Error(now)), seconds * 1000);
		}
		waiting.add(check);
		check();
	});
}

// --- the stream ----------------------------------------------------------------------------------

function forget() {
	model.messages.clear();
	model.orders.clear();
	model.inversion = model.last = model.chosen = null;
}

function order(id) {
	if (!model.orders.has(id)) model.orders.set(id, { id, row: null, effects: [], published: [], late: null });
	const found = model.orders.get(id);
	if (model.orders.size > KEPT_ORDERS) model.orders.delete(model.orders.keys().next().value);
	return found;
}

function takeMessage(message) {
	const list = model.messages.get(message.partition) ?? [];
	const last = list.at(-1);
	if (last && message.offset <= last.offset) list.length = 0; // the topic was made anew
	list.push(message);
	message.fresh = performance.now();
	if (list.length > KEPT_MESSAGES) list.shift();
	model.messages.set(message.partition, list);
	if (message.type?.startsWith("Order") && message.order != null) order(message.order).published.push(message);
}

function takeEffect(effect) {
	const of = order(effect.order);
	of.effects.push(effect);
	of.row = effect.row;
	of.changed = performance.now();
	model.last = effect;
	if (!effect.newer) return;
	of.late = effect;
	model.inversion = effect;
}

const left = []; // what the server counted and did not tell, of the last second

function countLeft() {
	while (left.length > 0 && left[0].at < performance.now() - 1000) left.shift();
	model.leftOut = left.reduce((sum, one) => sum + one.n, 0);
}

const takers = {
	reset: forget,
	state(state) {
		model.state = state;
		model.clock = state.now - Date.now();
		countLeft();
		addNumbers(state);
	},
	messages(content) {
		content.messages.forEach(takeMessage);
		if (content.more > 0) left.push({ n: content.more, at: performance.now() });
		countLeft();
	},
	effects(content) {
		content.effects.forEach(takeEffect);
	},
	output(content) {
		if (content.id !== model.output?.id) model.output = { ...content, text: "" };
		model.output.text = (model.output.text + content.text).slice(-OUTPUT_KEPT);
		addLoad(content);
		if (content.action !== "load") showOutput({ action: content.action, output: model.output.text }); // it has its chart
	},
	action(content) {
		model.answers.set(content.id, content);
		model.ended = content.ended;
		model.running = null;
		if (content.action !== "load" || content.status !== 0) showOutput(content);
	},
};

function listen() {
	const stream = new EventSource("/stream");
	stream.onopen = () => {
		model.connected = true;
		changed();
	};
	stream.onerror = () => {
		model.connected = false;
		changed();
		if (stream.readyState === EventSource.CLOSED) setTimeout(listen, 1000);
	};
	for (const [name, take] of Object.entries(takers))
		stream.addEventListener(name, (event) => {
			take(JSON.parse(event.data));
			changed();
		});
}

// --- actions -------------------------------------------------------------------------------------

const token = new URLSearchParams(location.hash.slice(1)).get("token") || sessionStorage.getItem("token");
if (token) sessionStorage.setItem("token", token);
history.replaceState(null, "", location.pathname);

export const canCall = () => Boolean(token) && !model.state.readOnly;
export const canAct = () => canCall() && model.state.actions;

// What to type instead of a click, where the stack was started by make, docker compose, ...
const service = (setting) => (setting.startsWith("EVENT_KEY") ? "order-service" : "delivery-service");
const commands = {
	make: {
		settings: (setting) => `make up ${setting}`, scale: (n) => `make scale N=${n}`, partitions: (n) => `make partitions N=${n}`,
		"broker-stop": () => "make broker-stop", verify: () => "make verify", reset: () => "make reset", load: () => "make lab-innocent",
	},
	compose: {
		settings: (setting) => `${setting} docker compose up -d --wait`,
		scale: (n) => `docker compose up -d --wait --scale delivery-service=${n}`,
		partitions: (n) => `docker compose exec kafka /opt/kafka/bin/kafka-topics.sh --bootstrap-server kafka:19092 --alter --topic ${model.state.topic} --partitions ${n}`,
		"broker-stop": () => "docker compose stop kafka", verify: () => "docker compose run --rm verify",
		reset: () => "docker compose down -v && docker compose up -d --wait",
	},
	docker: {
		settings: (setting) => `docker service update --env-add ${setting} lab_${service(setting)}`,
		scale: (n) => `docker service scale lab_delivery-service=${n}`, "broker-stop": () => "docker service scale lab_kafka=0",
	},
	kubectl: {
		settings: (setting) => `kubectl -n ordering-lab set env deployment/${service(setting)} ${setting}`,
		scale: (n) => `kubectl -n ordering-lab scale deployment delivery-service --replicas=${n}`,
	},
};

// undefined: there is none.
export const command = (name, value) => commands[model.state.commands ?? "make"][name]?.(value);

async function post(name, content) {
	const response = await fetch(`/actions/${name}`, {
		method: "POST",
		headers: { "Content-Type": "application/json", "Accept-Language": language, Authorization: `Bearer ${token}` },
		body: JSON.stringify(content),
	});
	const body = await response.json();
	if (!response.ok) throw new Error(body.detail);
	return body;
}

const outputOf = (id) => (model.output?.id === id ? model.output.text.trim().split("\n").at(-1) : "");

// What the page knows is not older than the end of the last command.
export const isFresh = () => ["topicRead", "servicesRead", "tablesRead"].every((one) => model.state[one] > model.ended);

// A command of the stack, to its end.
export async function act(name, content = {}) {
	const { id } = await post(name, content).catch((error) => {
		showOutput({ action: name, output: error.message });
		throw error;
	});
	if (!model.answers.has(id)) model.running = name; // its end may have come before its number
	changed();
	const end = await until(() => model.answers.get(id), () => `${name}: ${outputOf(id)}`, 300);
	if (end.status !== 0 && name !== "verify") throw new Error(end.output.trim().split("\n").at(-1));
	return end;
}

// A call to order-service; its answer.
export async function callOrders(method, id, body) {
	const answer = await post("order", { method, order: id || undefined, body });
	if (answer.status >= 400) throw new Error(answer.body?.detail ?? `${answer.status}`);
	return answer;
}

export function showOutput(content) {
	const output = document.getElementById("output");
	output.hidden = !content.output;
	output.textContent = `$ ${content.action}\n${content.output}`;
}

// --- head and verdict ----------------------------------------------------------------------------

const positionOf = (partition) => model.state.positions?.find((position) => position.partition === partition)?.position ?? 0;

// The order is cancelled, and all that was published of it has its effect, in whatever order. The
// effects that a position stands for came before it.
export const isOver = (order) => Boolean(order?.published.some((message) => message.type === "OrderCancelled"))
	&& order.published.every((message) => positionOf(message.partition) > message.offset);

export const short = (type) => type.replace(/^(Order|Delivery)/, "");

let health = "";

function drawHealth() {
	const { state } = model;
	const now = JSON.stringify([model.connected, state.kafkaUp, state.databaseUp, state.orders?.some((service) => service.ready), language]);
	if (health === now) return;
	health = now;
	const part = (name, up) =>
		element("li", { class: up ? "up" : "down" }, `${name}: ${t(up ? "up" : "down")}`);
	document.getElementById("health").replaceChildren(
		part(t("stream"), model.connected),
		part(t("kafka"), state.kafkaUp),
		part(t("database"), state.databaseUp),
		part("order-service", state.orders?.some((service) => service.ready)));
}

function sentence(effect) {
	const newer = effect.newer;
	return t("verdict.inversion", {
		order: effect.order, old: effect.event, oldVersion: effect.version, new: newer.event,
		newVersion: newer.version, seconds: ((effect.applied - newer.applied) / 1000).toFixed(1),
		oldPartition: effect.partition, oldOffset: effect.offset, oldReplica: effect.replica,
		newPartition: newer.partition, newOffset: newer.offset, newReplica: newer.replica,
		status: effect.row?.status ?? effect.status,
	});
}

let shown = "";

function drawVerdict() {
	const last = model.last;
	const inverted = model.inversion && (!last || model.orders.get(last.order)?.late || last === model.inversion);
	const order = last && model.orders.get(last.order);
	const ended = order && !inverted && order.row?.status === "DELIVERY CANCELLED"
		&& order.effects.length >= order.published.length;
	const kind = inverted ? "wrong" : ended ? "right" : "";
	const text = inverted ? sentence(model.inversion) : ended ? t("verdict.cancelled", { order: last.order })
		: t("verdict.start");
	if (shown === kind + text) return; // a live region speaks only of what is new
	shown = kind + text;
	const verdict = document.getElementById("verdict");
	verdict.className = `verdict ${kind}`;
	verdict.replaceChildren(...(kind ? [element("b", {}, t(`verdict.${kind}`))] : []), element("span", {}, text));
}

// --- start ---------------------------------------------------------------------------------------

document.getElementById("language").addEventListener("click", () => useLanguage(language === "en" ? "ko" : "en"));
document.getElementById("theme").addEventListener("click", () =>
	useTheme(document.documentElement.dataset.theme === "dark" ? "light" : "dark"));
document.documentElement.dataset.theme = localStorage.getItem("theme")
	|| (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
await useLanguage(language);
listen();
