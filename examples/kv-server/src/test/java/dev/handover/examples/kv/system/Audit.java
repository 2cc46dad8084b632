package dev.handover.examples.kv.system;

import static org.assertj.core.api.Assertions.assertThat;

import dev.handover.examples.kv.KvCluster;
import dev.handover.examples.kv.KvNode;
import dev.handover.examples.kv.RawClient;
import dev.handover.examples.kv.Waiting;
import dev.handover.replication.history.Linearizability;
import dev.handover.replication.history.Operation;
import dev.handover.replication.history.Verdict;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;

/** The reckoning after a scenario: nothing lost, nothing doubled, one order explains all answers, and all replicas hold the same. */
final class Audit {
    private static final Duration SOON = Duration.ofSeconds(30);
    private static final int KEYS_PER_READ = 50;

    private final KvCluster cluster;
    private final History history;
    private final List<String> keys;

    private Audit(KvCluster cluster, History history) {
        this.cluster = cluster;
        this.history = history;
        this.keys = new ArrayList<>(new TreeSet<>(history.operations().stream()
                .map(operation -> operation.input().key())
                .toList()));
    }

    /**
     * All nodes must be in sync, and all clients have ended.
     *
     * @return the replies to reads of every key
     */
    static Map<String, String> check(KvCluster cluster, History history) {
        Audit audit = new Audit(cluster, history);
        Map<String, String> values = audit.readAll();
        answers(history, values);
        sameEverywhere(cluster, audit::content);
        return values;
    }

    /** The part without a cluster: all answers, and the replies to reads of every key after them. */
    static void answers(History history, Map<String, String> values) {
        assertThat(history.unexpected()).as("errors that no command may cause").isEmpty();
        nothingLostOrDoubled(history, values);
        Verdict verdict = Linearizability.check(new KeyModel(), Request::key, history.operations());
        assertThat(verdict).isInstanceOf(Verdict.Linearizable.class);
    }

    /** Linearizable reads of everything, by turns on all nodes; they belong to the history. */
    private Map<String, String> readAll() {
        Map<String, String> values = new LinkedHashMap<>();
        List<KvNode> nodes = cluster.nodes();
        for (int i = 0; i < nodes.size(); i++) {
            KvNode node = nodes.get(i);
            try (RawClient client = node.client()) {
                for (int k = i; k < keys.size(); k += nodes.size()) {
                    Request get = Request.of("GET", keys.get(k));
                    Waiting.until("an answer to " + get, SOON, () -> {
                        long invoked = System.nanoTime();
                        String reply = client.call(get.array());
                        values.put(get.key(), reply);
                        return history.replied("audit", node.id(), get, reply, invoked);
                    });
                }
            } catch (IOException e) {
                throw new AssertionError("cannot read from " + node, e);
            }
        }
        return values;
    }

    private static void nothingLostOrDoubled(History history, Map<String, String> values) {
        Map<String, List<Operation<Request, String>>> byKey = new HashMap<>();
        for (Operation<Request, String> operation : history.operations()) {
            if (List.of("APPEND", "INCR").contains(operation.input().verb())) {
                byKey.computeIfAbsent(operation.input().key(), key -> new ArrayList<>())
                        .add(operation);
            }
        }
        byKey.forEach((key, writes) -> {
            String value = values.get(key).equals("nil") ? "" : values.get(key).replace("\"", "");
            List<Operation<Request, String>> acknowledged =
                    writes.stream().filter(write -> !write.isUnknown()).toList();
            if (writes.get(0).input().verb().equals("APPEND")) {
                List<String> found = value.isEmpty() ? List.of() : Arrays.asList(value.split(","));
                assertThat(found).as("tokens of %s, each once", key).doesNotHaveDuplicates();
                assertThat(found).as("acknowledged tokens of %s", key).containsAll(tokens(acknowledged));
                assertThat(tokens(writes))
                        .as("tokens of %s that somebody appended", key)
                        .containsAll(found);
            } else {
                assertThat(acknowledged.stream().map(Operation::output))
                        .as("numbers that clients got from %s", key)
                        .doesNotHaveDuplicates();
                assertThat(value.isEmpty() ? 0 : Integer.parseInt(value))
                        .as("%s after %d acknowledged INCRs and at most %d", key, acknowledged.size(), writes.size())
                        .isBetween(acknowledged.size(), writes.size());
            }
        });
    }

    private static List<String> tokens(List<Operation<Request, String>> appends) {
        return appends.stream()
                .map(append -> append.input().argument(0).replace(",", ""))
                .toList();
    }

    /** Asks one node. */
    @FunctionalInterface
    interface Question {
        List<String> ask(KvNode node) throws IOException;
    }

    /** What every replica has applied becomes the same, and is given; commands of unknown outcome may still come until then. */
    static List<String> sameEverywhere(KvCluster cluster, Question question) {
        List<List<String>> contents = new ArrayList<>();
        try {
            Waiting.until("the same on all replicas", SOON, () -> {
                contents.clear();
                for (KvNode node : cluster.nodes()) {
                    contents.add(question.ask(node));
                }
                return contents.stream().distinct().count() == 1;
            });
        } catch (AssertionError e) {
            for (List<String> content : contents) {
                assertThat(content).as("content of a replica").isEqualTo(contents.get(0));
            }
            throw e;
        }
        return contents.get(0);
    }

    private List<String> content(KvNode node) throws IOException {
        List<String> content = new ArrayList<>();
        try (RawClient client = node.client()) {
            assertThat(client.call("READONLY")).isEqualTo("+OK");
            content.add(client.call("DBSIZE"));
            content.add(client.call("HANDOVER", "DIGEST"));
            for (int from = 0; from < keys.size(); from += KEYS_PER_READ) {
                List<String> words = new ArrayList<>(List.of("MGET"));
                words.addAll(keys.subList(from, Math.min(keys.size(), from + KEYS_PER_READ)));
                content.add(client.call(words.toArray(new String[0])));
            }
        }
        return content;
    }
}
