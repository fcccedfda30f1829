// What a step of the lab needs before it can be played, one want after the other: what is missing, in
// words, and the command that mends it. It decides by what was read after the last command ended.
import { model, t, act, isFresh } from "/page.js";

const COMMANDS_MAX = 12; // of one step: whoever changes the stack at the same time is not fought for ever

export const setting = (name, service = "orders") => model.state[service]?.find((one) => one.about)?.about.settings?.[name];
export const delay = () => Number(setting("DELIVERY_DELAY_MS", "deliveries") ?? 10000);

const nameOf = (service) => service.about?.replica ?? `:${service.port}`;
const silent = (service) => !service.about;

// Whatever is waited for, none of this may be away.
export function missingOfStack() {
	if (!model.connected) return t("wait.stream");
	if (!model.state.kafkaUp) return t("wait.kafka");
	return model.state.databaseUp ? null : t("wait.database");
}

function partitions(step) {
	const n = model.state.partitions?.length ?? 0, why = t("wait.partitions", { n, all: step.partitions });
	if (n > step.partitions) return { why, mend: () => act("reset") };
	return n < step.partitions ? { why, mend: () => act("partitions", { n: step.partitions }) } : null;
}

// A replica that was paused does not answer, and is resumed, once; one that starts will.
function answers(service, resumed) {
	if (!silent(service) && service.ready) return null;
	const why = t("wait.ready", { name: nameOf(service), why: service.why ?? t("wait.silent") });
	if (!silent(service) || resumed.has(service.number) || !model.state.deliveries.includes(service)) return { why };
	return { why, mend: () => act("resume", { n: resumed.add(service.number) && service.number }) };
}

function settings(step) {
	const mend = () => act("settings", step.settings);
	const { orders, deliveries } = model.state;
	if (!orders?.length) return { why: t("wait.orders"), mend };
	for (const service of [...orders, ...deliveries].filter((one) => !silent(one)))
		for (const [name, wanted] of Object.entries(step.settings)) {
			const value = service.about.settings?.[name];
			if (value != null && value !== wanted) return { why: t("wait.setting", { name: nameOf(service), setting: `${name}=${value}`, wanted }), mend };
		}
	return null;
}

function replicas(step) {
	const n = model.state.deliveries.length;
	return n === step.replicas ? null : { why: t("wait.replicas", { n, all: step.replicas }), mend: () => act("scale", { n: step.replicas }) };
}

// Every partition has its replica, and every replica a partition.
function owned() {
	const of = model.state.deliveries.map((service) => service.inFlight?.partitions.map((one) => one.partition) ?? []);
	const n = of.flat().length, all = model.state.partitions.length;
	if (n === all && of.every((list) => list.length > 0)) return null;
	return { why: t("wait.owned", { n, all, list: of.map((list, i) =>
		`${nameOf(model.state.deliveries[i])}: ${list.join(", ") || t("wait.none")}`).join("; ") }) };
}

// The first want of the step; null: none. done: what was done for it so far.
function missing(step, done) {
	const why = missingOfStack() ?? (isFresh() ? null : t("wait.fresh"));
	if (why) return { why };
	if (step.fresh && !done.commands) return { why: t("switch.reset"), mend: () => act("reset") };
	return partitions(step) ?? settings(step) ?? replicas(step)
		?? [...model.state.orders, ...model.state.deliveries].map((one) => answers(one, done.resumed)).find(Boolean) ?? owned();
}

// hold(look, why): as until.
export async function prepare(step, hold) {
	const done = { commands: 0, resumed: new Set() };
	for (;;) {
		const next = await hold(() => {
			const found = missing(step, done);
			return found ? found.mend && found : { ready: true };
		}, () => missing(step, done).why);
		if (next.ready) return;
		if (done.commands++ === COMMANDS_MAX) throw new Error(next.why);
		await next.mend();
	}
}
