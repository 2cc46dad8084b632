package dev.handover.takeover.partition;

import dev.handover.coordination.RecordOutcome;
import dev.handover.coordination.RecordStore;
import dev.handover.coordination.VersionedRecord;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * All instances must divide the keys alike, or a key would be in two groups at once. So the first to start writes into the record {@code partitions:NAME} how they are divided, and whoever comes later compares.
 */
final class NumberOfPartitions {
    private static final long SECONDS = 5;

    private NumberOfPartitions() {}

    static void agree(RecordStore records, String name, int count) {
        String record = "partitions:" + name;
        String wanted = "crc32c " + count;
        Optional<VersionedRecord> stored = answer(name, records.read(record));
        if (stored.isEmpty()) {
            RecordOutcome outcome = answer(
                    name,
                    records.compareAndSet(record, RecordStore.NOT_EXISTING, wanted.getBytes(StandardCharsets.UTF_8)));
            if (outcome instanceof RecordOutcome.Applied) {
                return;
            }
            stored = answer(name, records.read(record)); // somebody else was first, or the answer was lost
        }
        String found = stored.map(value -> new String(value.content(), StandardCharsets.UTF_8))
                .orElse("nothing");
        if (!found.equals(wanted)) {
            throw new IllegalStateException(
                    "partitions " + name + " are divided by '" + found + "', and this instance by '" + wanted
                            + "': start it with that number, or take another name for a new one");
        }
    }

    private static <T> T answer(String name, CompletableFuture<T> asked) {
        try {
            return asked.get(SECONDS, TimeUnit.SECONDS);
        } catch (ExecutionException | TimeoutException e) {
            throw new UncheckedIOException(new IOException(
                    "partitions " + name
                            + ": the configuration store does not tell how many there are; start again when it answers",
                    e));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new UncheckedIOException(
                    new IOException("partitions " + name + ": interrupted while the configuration store was asked", e));
        }
    }
}
