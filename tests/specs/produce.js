// Sends a message for each key of standard input, as kafkajs places it by default.
process.env.KAFKAJS_NO_PARTITIONER_WARNING = "1";
const { Kafka, logLevel } = require("kafkajs");

const [bootstrap, topic] = process.argv.slice(2);
const keys = require("fs").readFileSync(0, "utf8").split("\n").filter(Boolean);
const producer = new Kafka({ brokers: [bootstrap], logLevel: logLevel.ERROR }).producer();

(async () => {
	await producer.connect();
	await producer.send({ topic, messages: keys.map((key) => ({ key, value: "x" })) });
	await producer.disconnect();
})();
