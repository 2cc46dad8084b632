package dev.handover.coordination;

import static dev.handover.coordination.RecordStore.NOT_EXISTING;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.handover.Registration;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** What every {@link RecordStore} keeps. */
public abstract class RecordStoreContract {
    private static final String NAME = "blue-green:orders";

    /** A connection to the store of this test, which is empty at first. */
    protected abstract RecordStore connect() throws Exception;

    @Test
    void shouldCreateChangeReadAndDelete() throws Exception {
        RecordStore store = connect();
        assertThat(get(store.read(NAME))).isEmpty();
        assertThat(get(store.compareAndSet(NAME, NOT_EXISTING, bytes("one")))).isEqualTo(new RecordOutcome.Applied(0));
        assertThat(get(store.compareAndSet(NAME, 0, bytes("two")))).isEqualTo(new RecordOutcome.Applied(1));
        assertThat(get(store.read(NAME))).contains(record("two", 1));
        assertThat(get(store.read("blue-green:other"))).isEmpty();
        assertThat(get(store.delete(NAME, 1))).isEqualTo(new RecordOutcome.Applied(NOT_EXISTING));
        assertThat(get(store.read(NAME))).isEmpty();
        assertThat(get(store.delete(NAME, 1))).isEqualTo(new RecordOutcome.Applied(NOT_EXISTING));
        assertThat(get(store.compareAndSet(NAME, NOT_EXISTING, new byte[0]))).isEqualTo(new RecordOutcome.Applied(0));
        assertThat(get(store.read(NAME))).contains(record("", 0));
    }

    @Test
    void shouldTellOnConflictWhatIsStored() throws Exception {
        RecordStore store = connect();
        assertThat(get(store.compareAndSet(NAME, 3, bytes("x")))).isEqualTo(new RecordOutcome.Conflict(null));
        get(store.compareAndSet(NAME, NOT_EXISTING, bytes("one")));
        RecordOutcome conflict = new RecordOutcome.Conflict(record("one", 0));
        assertThat(get(store.compareAndSet(NAME, NOT_EXISTING, bytes("x")))).isEqualTo(conflict);
        assertThat(get(store.compareAndSet(NAME, 7, bytes("x")))).isEqualTo(conflict);
        assertThat(get(store.delete(NAME, 7))).isEqualTo(conflict);
        assertThat(get(store.read(NAME))).contains(record("one", 0));
    }

    @Test
    void shouldRecognizeTheOwnProposalWhenItIsProposedAgain() throws Exception {
        RecordStore store = connect();
        get(store.compareAndSet(NAME, NOT_EXISTING, bytes("nonce 1")));
        assertThat(get(store.compareAndSet(NAME, NOT_EXISTING, bytes("nonce 1"))))
                .isEqualTo(new RecordOutcome.Applied(0));
    }

    @Test
    void shouldLetExactlyOneOfTwoWinEachVersion() throws Exception {
        RecordStore one = connect();
        RecordStore two = connect();
        for (int version = NOT_EXISTING; version < 20; version++) {
            CompletableFuture<RecordOutcome> first = one.compareAndSet(NAME, version, bytes("1 of " + version));
            CompletableFuture<RecordOutcome> second = two.compareAndSet(NAME, version, bytes("2 of " + version));
            List<RecordOutcome> outcomes = List.of(get(first), get(second));
            VersionedRecord winner = get(one.read(NAME)).orElseThrow();
            assertThat(outcomes)
                    .containsExactlyInAnyOrder(
                            new RecordOutcome.Applied(version + 1), new RecordOutcome.Conflict(winner));
        }
    }

    @Test
    void shouldWatchInOrderFromTheBeginningUntilClosed() throws Exception {
        RecordStore store = connect();
        RecordStore writer = connect();
        BlockingQueue<Optional<VersionedRecord>> seen = new LinkedBlockingQueue<>();
        Registration registration = store.watch(NAME, seen::add);
        assertThat(next(seen)).isEmpty();
        get(writer.compareAndSet(NAME, NOT_EXISTING, bytes("0")));
        awaitSeen(seen, record("0", 0));
        for (int version = 0; version < 10; version++) {
            get(writer.compareAndSet(NAME, version, bytes("after " + version)));
        }
        List<Integer> versions = awaitSeen(seen, record("after 9", 10));
        assertThat(versions).isSorted().doesNotHaveDuplicates();
        get(writer.delete(NAME, 10));
        assertThat(next(seen)).isEmpty();
        get(writer.compareAndSet(NAME, NOT_EXISTING, bytes("anew")));
        awaitSeen(seen, record("anew", 0));

        BlockingQueue<Optional<VersionedRecord>> later = new LinkedBlockingQueue<>();
        Registration other = store.watch(NAME, later::add);
        assertThat(next(later)).contains(record("anew", 0));
        registration.close();
        get(writer.compareAndSet(NAME, 0, bytes("unseen")));
        awaitSeen(later, record("unseen", 1));
        assertThat(seen).doesNotContain(Optional.of(record("unseen", 1)));
        other.close();
    }

    @Test
    void shouldRefuseWhatMakesNoSense() throws Exception {
        RecordStore store = connect();
        for (String name : List.of("", "a/b", ".a", "ä", "x".repeat(201))) {
            assertThatThrownBy(() -> store.read(name))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("'" + name + "'");
            assertThatThrownBy(() -> store.watch(name, record -> {})).isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> store.delete(name, 0)).isInstanceOf(IllegalArgumentException.class);
        }
        assertThatThrownBy(() -> store.compareAndSet(NAME, -2, bytes("x"))).hasMessageContaining("-2");
        assertThatThrownBy(() -> store.delete(NAME, NOT_EXISTING)).hasMessageContaining("-1");
        assertThatThrownBy(() -> store.compareAndSet(NAME, 0, new byte[RecordStore.MAX_BYTES + 1]))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(String.valueOf(RecordStore.MAX_BYTES + 1));
    }

    private static List<Integer> awaitSeen(BlockingQueue<Optional<VersionedRecord>> seen, VersionedRecord wanted)
            throws Exception {
        List<Integer> versions = new ArrayList<>();
        for (Optional<VersionedRecord> now = next(seen); ; now = next(seen)) {
            now.ifPresent(record -> versions.add(record.version()));
            if (now.equals(Optional.of(wanted))) {
                return versions;
            }
        }
    }

    private static Optional<VersionedRecord> next(BlockingQueue<Optional<VersionedRecord>> seen) throws Exception {
        Optional<VersionedRecord> next = seen.poll(20, TimeUnit.SECONDS);
        assertThat(next).as("the watch is told within 20 s").isNotNull();
        return next;
    }

    private static VersionedRecord record(String content, int version) {
        return new VersionedRecord(bytes(content), version);
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static <T> T get(CompletableFuture<T> future) throws Exception {
        return future.get(20, TimeUnit.SECONDS);
    }
}
