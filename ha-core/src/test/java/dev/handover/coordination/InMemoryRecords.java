package dev.handover.coordination;

import dev.handover.Registration;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Records for tests in one JVM. Everything runs on the one thread of the executor it was given. */
public final class InMemoryRecords {
    private final Executor executor;
    private final Map<String, VersionedRecord> records = new TreeMap<>();
    private final List<Watch> watches = new ArrayList<>();

    private record Watch(BooleanSupplier reachable, String name, Consumer<Optional<VersionedRecord>> listener) {}

    /** With an executor of one thread. */
    public InMemoryRecords(Executor executor) {
        this.executor = executor;
    }

    /** A connection; while it is not reachable nothing can be read, writes are in doubt (and do nothing), and watches are silent. */
    public RecordStore connect(BooleanSupplier reachable) {
        return new Connection(reachable);
    }

    /** To be called when a connection is reachable again: tells all watches what is stored now. */
    public void refresh() {
        run(() -> List.copyOf(watches).forEach(this::tell));
    }

    /** To be called when the connection with this supplier is closed. */
    public void forget(BooleanSupplier reachable) {
        run(() -> watches.removeIf(watch -> watch.reachable == reachable));
    }

    /** False once the executor is closed. */
    private boolean run(Runnable task) {
        try {
            executor.execute(task);
            return true;
        } catch (RejectedExecutionException e) {
            return false;
        }
    }

    private void tell(Watch watch) {
        if (watch.reachable.getAsBoolean()) {
            watch.listener.accept(Optional.ofNullable(records.get(watch.name)));
        }
    }

    private RecordOutcome swap(String name, int expectedVersion, byte @Nullable [] content) {
        VersionedRecord now = records.get(name);
        int version = now == null ? RecordStore.NOT_EXISTING : now.version();
        if (content == null && now == null) {
            return new RecordOutcome.Applied(RecordStore.NOT_EXISTING);
        }
        if (now != null && version != expectedVersion && Arrays.equals(now.content(), content)) {
            return new RecordOutcome.Applied(version); // as a lost answer is resolved
        }
        if (version != expectedVersion) {
            return new RecordOutcome.Conflict(now);
        }
        int next = content == null ? RecordStore.NOT_EXISTING : version + 1;
        if (content == null) {
            records.remove(name);
        } else {
            records.put(name, new VersionedRecord(content.clone(), next));
        }
        for (Watch watch : List.copyOf(watches)) {
            if (watch.name.equals(name)) {
                run(() -> {
                    if (watches.contains(watch)) {
                        tell(watch);
                    }
                });
            }
        }
        return new RecordOutcome.Applied(next);
    }

    private final class Connection implements RecordStore {
        private final BooleanSupplier reachable;

        Connection(BooleanSupplier reachable) {
            this.reachable = reachable;
        }

        @Override
        public CompletableFuture<Optional<VersionedRecord>> read(String name) {
            RecordStore.checkName(name);
            return ifReachable(() -> Optional.ofNullable(records.get(name)));
        }

        @Override
        public CompletableFuture<RecordOutcome> compareAndSet(String name, int expectedVersion, byte[] content) {
            RecordStore.checkProposal(name, expectedVersion, content);
            return inDoubtIfNot(ifReachable(() -> swap(name, expectedVersion, content)));
        }

        @Override
        public CompletableFuture<RecordOutcome> delete(String name, int expectedVersion) {
            RecordStore.checkDeletion(name, expectedVersion);
            return inDoubtIfNot(ifReachable(() -> swap(name, expectedVersion, null)));
        }

        @Override
        public Registration watch(String name, Consumer<Optional<VersionedRecord>> listener) {
            Watch watch = new Watch(reachable, RecordStore.checkName(name), listener);
            run(() -> {
                watches.add(watch);
                tell(watch);
            });
            return () -> run(() -> watches.remove(watch));
        }

        private CompletableFuture<RecordOutcome> inDoubtIfNot(CompletableFuture<RecordOutcome> answer) {
            return answer.exceptionally(failure -> new RecordOutcome.InDoubt(String.valueOf(failure.getMessage())));
        }

        private <T> CompletableFuture<T> ifReachable(Supplier<T> task) {
            CompletableFuture<T> future = new CompletableFuture<>();
            if (!run(() -> {
                if (reachable.getAsBoolean()) {
                    future.complete(task.get());
                } else {
                    future.completeExceptionally(new IOException("the store cannot be reached"));
                }
            })) {
                future.completeExceptionally(new IOException("the store is closed"));
            }
            return future;
        }
    }
}
