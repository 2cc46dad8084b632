package dev.handover.spring;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.handover.replication.Command;
import dev.handover.replication.StateMachine;
import java.util.ArrayList;
import java.util.List;

/** Remembers all words, and answers with them. */
class Words implements StateMachine {
    private final List<String> words = new ArrayList<>();

    @Override
    public synchronized byte[] apply(Command command) {
        words.add(new String(command.payload(), UTF_8));
        return all();
    }

    @Override
    public byte[] query(byte[] query) {
        return all();
    }

    synchronized byte[] all() {
        return String.join(",", words).getBytes(UTF_8);
    }

    synchronized String text() {
        return String.join(",", words);
    }
}
