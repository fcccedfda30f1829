// The topic: a lane for each partition, and its latest messages as chips. A chip stays the same as
// long as its message is shown: at thousands of messages a second only what changes is touched.
import { model, t, element, changed } from "/page.js";
import { chip } from "/chip.js";

const CHIP_WIDTH = 48;
const DELIVERY_WIDTH = 34;
const FRESH_MS = 500;

const place = document.getElementById("lanes");
let lanes = [];  // by partition
let look = "";   // language and theme of the chips
let width = 0;   // of a lane, for chips

new ResizeObserver(() => {
	width = place.clientWidth - 16;
	changed();
}).observe(place);

function makeChip(message) {
	const fresh = !model.leftOut && performance.now() - message.fresh < FRESH_MS;
	return chip(message.type ?? "?", message.order ?? 0, message.version, {
		class: fresh ? " fresh" : "",
		title: `${message.type}, ${t("order")} ${message.order}, ${t("version")} ${message.version}, ${t("partition", { n: message.partition })}, offset ${message.offset}, key ${message.key ?? "-"}`,
	});
}

// As many of the latest as there is room for.
function fitting(list) {
	let from = list.length, room = width;
	while (from > 0) {
		room -= list[from - 1].type?.startsWith("Delivery") ? DELIVERY_WIDTH : CHIP_WIDTH;
		if (room < 0) break;
		from--;
	}
	return list.slice(from);
}

function makeLane(n) {
	const lane = { name: element("span", {}, t("partition", { n })), owner: element("span"),
		held: element("div", { class: "chips" }), chips: new Map() }; // message -> chip, oldest first
	lane.element = element("div", { class: "lane" }, element("header", {}, lane.name, lane.owner), lane.held);
	return lane;
}

// What is shown are the last messages of a list to which only newer ones come.
function drawChips(lane, messages) {
	const wanted = new Set(messages);
	for (const [message, made] of lane.chips) {
		if (wanted.has(message)) continue;
		made.remove();
		lane.chips.delete(message);
	}
	const [first] = lane.chips.keys();
	if (first && messages[0] !== first) { // a wider lane: older ones come back
		lane.held.replaceChildren();
		lane.chips.clear();
	}
	const added = messages.filter((message) => !lane.chips.has(message));
	for (const message of added) lane.chips.set(message, makeChip(message));
	lane.held.append(...added.map((message) => lane.chips.get(message)));
}

function mark(lane, position) {
	for (const [message, made] of lane.chips) {
		const late = model.inversion?.partition === message.partition && model.inversion?.offset === message.offset;
		made.classList.toggle("late", late);
		made.classList.toggle("done", !late && message.offset < position);
	}
}

function drawLane(lane, partition) {
	const of = model.state.positions?.find((position) => position.partition === partition.partition);
	const owned = of && model.state.deliveries?.some((service) => service.about?.replica === of.owner);
	const lag = of ? Math.max(0, partition.end - of.position) : 0;
	const owner = owned ? t("lane.owner", { owner: of.owner, epoch: of.epoch, lag }) : t("lane.nobody");
	if (lane.owner.textContent !== owner) lane.owner.textContent = owner;
	drawChips(lane, fitting(model.messages.get(partition.partition) ?? []));
	mark(lane, of?.position ?? 0);
}

export function drawLanes() {
	const partitions = model.state.partitions ?? [];
	const now = `${partitions.length} ${document.documentElement.lang} ${document.documentElement.dataset.theme}`;
	if (look !== now) {
		look = now;
		lanes = partitions.map(({ partition }) => makeLane(partition));
		place.replaceChildren(...lanes.map((lane) => lane.element));
	}
	partitions.forEach((partition, i) => drawLane(lanes[i], partition));
}

// The chip on the screen, if it is there.
export function chipAt(partition, offset) {
	for (const [message, made] of lanes[partition]?.chips ?? [])
		if (message.offset === offset) return made;
	return undefined;
}
