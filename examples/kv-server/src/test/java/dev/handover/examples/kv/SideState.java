package dev.handover.examples.kv;

import dev.handover.replication.Command;
import dev.handover.replication.StateMachine;
import dev.handover.replication.StateSnapshot;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * What each writer has written: its numbers 1, 2, 3 and so on, one after the other. A number that comes again or too early is counted as a fault. As text: {@code FAULTS WRITER=LAST WRITER=LAST ...}.
 */
public final class SideState implements StateMachine {
    private final Map<String, Long> last = new TreeMap<>();
    private long faults;

    @Override
    public byte[] apply(Command command) {
        String[] words = new String(command.payload(), StandardCharsets.US_ASCII).split(" ");
        long number = Long.parseLong(words[1]);
        if (number != last.getOrDefault(words[0], 0L) + 1) {
            faults++;
        }
        last.merge(words[0], number, Math::max);
        return new byte[0];
    }

    /** As text. */
    public String text() {
        return faults
                + last.entrySet().stream()
                        .map(entry -> " " + entry.getKey() + "=" + entry.getValue())
                        .collect(Collectors.joining());
    }

    /** Faults of a text. */
    public static long faults(String text) {
        return Long.parseLong(text.split(" ")[0]);
    }

    /** Last numbers of a text. */
    public static Map<String, Long> last(String text) {
        return Arrays.stream(text.split(" "))
                .skip(1)
                .map(word -> word.split("="))
                .collect(Collectors.toMap(pair -> pair[0], pair -> Long.valueOf(pair[1])));
    }

    @Override
    public StateSnapshot snapshot() {
        byte[] text = text().getBytes(StandardCharsets.US_ASCII);
        return (StateSnapshot.Handle) out -> out.write(text);
    }

    @Override
    public void restore(InputStream in) throws IOException {
        String text = new String(in.readAllBytes(), StandardCharsets.US_ASCII);
        last.clear();
        last.putAll(last(text));
        faults = faults(text);
    }
}
