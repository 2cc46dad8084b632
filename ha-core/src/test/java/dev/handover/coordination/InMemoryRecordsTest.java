package dev.handover.coordination;

import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterEach;

class InMemoryRecordsTest extends RecordStoreContract {
    private final ExecutorService executor = Executors.newSingleThreadExecutor();
    private final InMemoryRecords records = new InMemoryRecords(executor);

    @AfterEach
    void end() {
        executor.shutdownNow();
    }

    @Override
    protected RecordStore connect() {
        return records.connect(() -> true);
    }
}
