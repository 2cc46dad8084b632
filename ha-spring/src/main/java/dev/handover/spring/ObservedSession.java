package dev.handover.spring;

import dev.handover.replication.LogPosition;
import dev.handover.replication.ReplicatedLog;
import dev.handover.replication.Session;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;

/** A session whose commands are observed as those of its log. */
record ObservedSession(ReplicatedLog log, Session session, LogObservations observations) implements Session {
    @Override
    public CompletableFuture<byte[]> submit(byte[] command) {
        return observations.submit(log, command, session::submit);
    }

    @Override
    public CompletableFuture<byte[]> query(byte[] query) {
        return observations.read(log, () -> session.query(query));
    }

    @Override
    public <T> CompletableFuture<T> read(Supplier<T> reader) {
        return observations.read(log, () -> session.read(reader));
    }

    @Override
    public LogPosition position() {
        return session.position();
    }

    @Override
    public void close() {
        session.close();
    }
}
