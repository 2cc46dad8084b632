package dev.handover.replication;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;

/** The user's view of a {@link CallerSession}. */
final class LocalSession implements Session {
    private final LocalLog log;
    private final CallerSession session;
    private final AtomicBoolean closed = new AtomicBoolean();

    LocalSession(LocalLog log, CallerSession session) {
        this.log = log;
        this.session = session;
    }

    @Override
    public CompletableFuture<byte[]> submit(byte[] command) {
        if (closed.get()) {
            return CompletableFuture.failedFuture(log.sessionClosed());
        }
        return log.submit(command, session);
    }

    @Override
    public CompletableFuture<byte[]> query(byte[] query) {
        if (closed.get()) {
            return CompletableFuture.failedFuture(log.sessionClosed());
        }
        return log.query(session, query);
    }

    @Override
    public <T> CompletableFuture<T> read(Supplier<T> reader) {
        if (closed.get()) {
            return CompletableFuture.failedFuture(log.sessionClosed());
        }
        return log.read(session, reader);
    }

    @Override
    public LogPosition position() {
        return log.position(session);
    }

    @Override
    public void close() {
        if (!closed.getAndSet(true)) {
            log.sessionClosedByUser();
        }
    }
}
