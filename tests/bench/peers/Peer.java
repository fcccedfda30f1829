import io.confluent.parallelconsumer.ParallelConsumerOptions;
import io.confluent.parallelconsumer.ParallelStreamProcessor;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Properties;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;

/**
 * A consumer of the order events as others write it: works on each OrderModified, and notes when it
 * has applied an event. With a database it writes the delivery and its history as delivery-service
 * does, in a transaction for each batch. It prints "ready" once it has partitions, and runs until it
 * is ended. All settings are environment variables, see Settings.
 */
public final class Peer {
    record Settings(String kind, String topic, String brokers, String databaseUrl, Path applied,
            long workMs, int concurrency, int batch) {
        static Settings fromEnvironment() {
            return new Settings(text("PEER"), text("KAFKA_TOPIC"), text("KAFKA_BOOTSTRAP_SERVERS"),
                    System.getenv().getOrDefault("PEER_DATABASE_URL", ""), Path.of(text("PEER_APPLIED")),
                    Long.parseLong(text("DELIVERY_DELAY_MS")), Integer.parseInt(text("PEER_CONCURRENCY")),
                    Integer.parseInt(text("PEER_BATCH")));
        }

        private static String text(String name) {
            String value = System.getenv(name);
            if (value == null || value.isEmpty()) {
                throw new IllegalArgumentException(name + " is not set");
            }
            return value;
        }
    }

    /** What is applied: a line of order, version and microseconds, written at once, so that a kill loses none. */
    static final class Applied {
        private final FileChannel file;
        private final AtomicBoolean begun = new AtomicBoolean();

        Applied(Path path) throws IOException {
            file = FileChannel.open(path, StandardOpenOption.CREATE, StandardOpenOption.APPEND,
                    StandardOpenOption.WRITE);
        }

        /** The first line is of order 0: when the first event came. */
        void received() {
            if (begun.compareAndSet(false, true)) {
                write("0 0 " + nowUs() + "\n");
            }
        }

        void add(List<ConsumerRecord<String, String>> records) {
            StringBuilder lines = new StringBuilder();
            long now = nowUs();
            for (ConsumerRecord<String, String> record : records) {
                lines.append(record.key()).append(' ').append(number(record.value(), "version"))
                        .append(' ').append(now).append('\n');
            }
            write(lines.toString());
        }

        private void write(String lines) {
            try {
                file.write(ByteBuffer.wrap(lines.getBytes(StandardCharsets.UTF_8)));
            } catch (IOException e) {
                throw new IllegalStateException(e);
            }
        }

        private static long nowUs() {
            Instant now = Instant.now();
            return now.getEpochSecond() * 1_000_000 + now.getNano() / 1000;
        }
    }

    /** The rows, through a pool of ten connections; without a database none. */
    static final class Rows {
        private static final int CONNECTIONS = 10;
        private static final String DELIVERY = "insert into peers.delivery (order_id, version,"
                + " customer_id, product_id, product_name, qty, address, status)"
                + " values (?, ?, ?, ?, ?, ?, ?, ?) on conflict (order_id) do update set"
                + " version = excluded.version, address = excluded.address,"
                + " status = excluded.status, updated_at = now()";
        private static final String HISTORY = "insert into peers.history (order_id, version, event,"
                + " status, \"partition\", \"offset\", replica, received_at)"
                + " values (?, ?, ?, ?, ?, ?, 'peer', now())";
        private final BlockingQueue<Connection> pool = new ArrayBlockingQueue<>(CONNECTIONS);

        Rows(String url) throws SQLException {
            for (int i = 0; i < CONNECTIONS; i++) {
                Connection connection = DriverManager.getConnection(url);
                connection.setAutoCommit(false);
                pool.add(connection);
            }
        }

        void write(List<ConsumerRecord<String, String>> records) throws Exception {
            Connection connection = pool.take();
            try (PreparedStatement delivery = connection.prepareStatement(DELIVERY);
                    PreparedStatement history = connection.prepareStatement(HISTORY)) {
                for (ConsumerRecord<String, String> record : records) {
                    addDelivery(delivery, record);
                    addHistory(history, record);
                }
                delivery.executeBatch();
                history.executeBatch();
                connection.commit();
            } finally {
                pool.add(connection);
            }
        }

        private static void addDelivery(PreparedStatement s, ConsumerRecord<String, String> record)
                throws SQLException {
            String value = record.value();
            s.setLong(1, Long.parseLong(record.key()));
            s.setInt(2, (int) number(value, "version"));
            s.setLong(3, number(value, "customerId"));
            s.setString(4, text(value, "productId"));
            s.setString(5, text(value, "productName"));
            s.setInt(6, (int) number(value, "qty"));
            s.setString(7, text(value, "address"));
            s.setString(8, statusOf(record));
            s.addBatch();
        }

        private static void addHistory(PreparedStatement s, ConsumerRecord<String, String> record)
                throws SQLException {
            s.setLong(1, Long.parseLong(record.key()));
            s.setInt(2, (int) number(record.value(), "version"));
            s.setString(3, typeOf(record));
            s.setString(4, statusOf(record));
            s.setInt(5, record.partition());
            s.setLong(6, record.offset());
            s.addBatch();
        }
    }

    private final Settings settings;
    private final Applied applied;
    private final Rows rows;

    private Peer(Settings settings) throws Exception {
        this.settings = settings;
        applied = new Applied(settings.applied());
        rows = settings.databaseUrl().isEmpty() ? null : new Rows(settings.databaseUrl());
    }

    static String typeOf(ConsumerRecord<String, String> record) {
        return new String(record.headers().lastHeader("type").value(), StandardCharsets.UTF_8);
    }

    static String statusOf(ConsumerRecord<String, String> record) {
        return switch (typeOf(record)) {
            case "OrderPlaced" -> "DELIVERY STARTED";
            case "OrderModified" -> "DELIVERY MODIFIED";
            default -> "DELIVERY CANCELLED";
        };
    }

    /** The events are flat and ours, so this is enough, and cheaper than a JSON library. */
    static long number(String json, String name) {
        int at = json.indexOf("\"" + name + "\":") + name.length() + 3;
        int end = at;
        while (Character.isDigit(json.charAt(end))) {
            end++;
        }
        return Long.parseLong(json.substring(at, end));
    }

    static String text(String json, String name) {
        int at = json.indexOf("\"" + name + "\":\"") + name.length() + 4;
        return json.substring(at, json.indexOf('"', at));
    }

    private KafkaConsumer<String, String> consumer() {
        Properties p = new Properties();
        p.put("bootstrap.servers", settings.brokers());
        p.put("group.id", "peers-" + settings.topic());
        p.put("auto.offset.reset", "earliest");
        p.put("enable.auto.commit", "false");
        p.put("key.deserializer", "org.apache.kafka.common.serialization.StringDeserializer");
        p.put("value.deserializer", "org.apache.kafka.common.serialization.StringDeserializer");
        p.put("partition.assignment.strategy",
                "org.apache.kafka.clients.consumer.CooperativeStickyAssignor");
        return new KafkaConsumer<>(p);
    }

    /** Works of one batch go on side by side: of events of one key a batch has one. */
    private void handle(List<ConsumerRecord<String, String>> records) throws Exception {
        applied.received();
        if (settings.workMs() > 0 && records.stream().anyMatch(r -> typeOf(r).equals("OrderModified"))) {
            Thread.sleep(settings.workMs());
        }
        if (rows != null) {
            rows.write(records);
        }
        applied.add(records);
    }

    private static final ConsumerRebalanceListener SAYS_READY = new ConsumerRebalanceListener() {
        @Override
        public void onPartitionsRevoked(Collection<TopicPartition> partitions) {}

        @Override
        public void onPartitionsAssigned(Collection<TopicPartition> partitions) {
            if (!partitions.isEmpty()) {
                System.out.println("ready");
            }
        }
    };

    private void runParallel() {
        ParallelStreamProcessor<String, String> processor = ParallelStreamProcessor.createEosStreamProcessor(
                ParallelConsumerOptions.<String, String>builder()
                        .ordering(ParallelConsumerOptions.ProcessingOrder.KEY)
                        .maxConcurrency(settings.concurrency())
                        .batchSize(settings.batch())
                        .consumer(consumer())
                        .build());
        processor.subscribe(List.of(settings.topic()), SAYS_READY);
        processor.poll(context -> {
            try {
                handle(context.getConsumerRecordsFlattened());
            } catch (Exception e) {
                throw new IllegalStateException(e);
            }
        });
    }

    /** One event after the other, as a listener does; the rows of what a poll brought together. */
    private void runPlain() {
        try (KafkaConsumer<String, String> consumer = consumer()) {
            consumer.subscribe(List.of(settings.topic()), SAYS_READY);
            while (true) {
                List<ConsumerRecord<String, String>> done = new ArrayList<>();
                for (ConsumerRecord<String, String> record : consumer.poll(Duration.ofMillis(100))) {
                    applied.received();
                    if (typeOf(record).equals("OrderModified")) {
                        Thread.sleep(settings.workMs());
                    }
                    if (rows == null) {
                        applied.add(List.of(record));
                    }
                    done.add(record);
                }
                if (rows != null && !done.isEmpty()) {
                    rows.write(done);
                    applied.add(done);
                }
                consumer.commitSync();
            }
        } catch (Exception e) {
            e.printStackTrace();
            System.exit(1);
        }
    }

    public static void main(String[] arguments) throws Exception {
        Settings settings = Settings.fromEnvironment();
        Peer peer = new Peer(settings);
        if (settings.kind().equals("parallel")) {
            peer.runParallel();
        } else {
            for (int i = 0; i < settings.concurrency(); i++) {
                new Thread(peer::runPlain).start();
            }
        }
    }
}
