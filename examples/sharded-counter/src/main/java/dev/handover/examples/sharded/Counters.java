package dev.handover.examples.sharded;

import dev.handover.replication.Command;
import dev.handover.replication.StateMachine;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;

/** The state of one partition: a counter for each of its keys. A command {@code KEY N} counts up to N if N is next, so that a client may repeat what was not answered. */
final class Counters implements StateMachine {
    private final Map<String, Long> counters = new HashMap<>();

    @Override
    public byte[] apply(Command command) {
        String[] words = text(command.payload()).split(" ");
        long count = counters.getOrDefault(words[0], 0L);
        if (Long.parseLong(words[1]) == count + 1) {
            count++;
            counters.put(words[0], count);
        }
        return bytes(String.valueOf(count));
    }

    @Override
    public byte[] query(byte[] key) {
        return bytes(String.valueOf(counters.getOrDefault(text(key), 0L)));
    }

    static String text(byte[] bytes) {
        return new String(bytes, StandardCharsets.UTF_8);
    }

    static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
