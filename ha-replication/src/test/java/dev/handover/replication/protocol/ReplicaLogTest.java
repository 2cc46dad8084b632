package dev.handover.replication.protocol;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class ReplicaLogTest {
    private final ReplicaLog log = new ReplicaLog(RecoveredReplica.empty(), 1 << 20, new ArrayList<>());

    @Test
    void givesWhatWasAppendedTogetherWithoutACopy() {
        List<LogEntry> entries = List.of(barrier(1, 1), barrier(2, 1), barrier(3, 1));
        log.append(entries);
        assertThat(log.entries(1, 3, Long.MAX_VALUE)).isSameAs(entries);
        List<LogEntry> part = log.entries(2, 3, Long.MAX_VALUE);
        assertThat(part).isEqualTo(entries.subList(1, 3));
        assertThat(log.entries(2, 3, Long.MAX_VALUE)).isSameAs(part);
    }

    @Test
    void givesTheEntriesOfTheLogAsItIsAfterACut() {
        log.append(List.of(barrier(1, 1), barrier(2, 1), barrier(3, 1)));
        log.truncateFrom(2);
        log.append(List.of(barrier(2, 2)));
        log.append(List.of(barrier(3, 2)));
        assertThat(log.entries(1, 3, Long.MAX_VALUE))
                .extracting(LogEntry::epoch)
                .containsExactly(1L, 2L, 2L);
        log.truncateFrom(3);
        log.append(List.of(barrier(3, 4)));
        assertThat(log.entries(1, 3, Long.MAX_VALUE))
                .extracting(LogEntry::epoch)
                .containsExactly(1L, 2L, 4L);
    }

    @Test
    void forgetsOnlyWhatIsDurableAndMayGo() {
        log.append(List.of(barrier(1, 1), barrier(2, 1), barrier(3, 1), barrier(4, 1)));
        log.persisted(1);
        log.append(List.of(barrier(5, 1), barrier(6, 1)));

        log.limitTail(0, 3);
        assertThat(log.forgottenIndex()).isEqualTo(3);
        assertThat(log.entries(3, 6, Long.MAX_VALUE)).isEmpty();
        assertThat(log.entries(4, 6, Long.MAX_VALUE)).hasSize(3);

        log.limitTail(0, 6);
        assertThat(log.forgottenIndex()).isEqualTo(4);
        log.persisted(2);
        assertThat(log.forgottenIndex()).isEqualTo(4);
        log.limitTail(0, 6);
        assertThat(log.forgottenIndex()).isEqualTo(6);
        assertThat(log.entries(6, 6, Long.MAX_VALUE)).isEmpty();
    }

    @Test
    void keepsTheNewestWhenItMayKeepFewer() {
        List<LogEntry> entries = List.of(barrier(1, 1), barrier(2, 1), barrier(3, 1));
        log.append(entries);
        log.persisted(1);

        log.limitTail(2L * entries.get(0).size(), 3);
        assertThat(log.forgottenIndex()).isEqualTo(1);
        assertThat(log.entries(2, 3, Long.MAX_VALUE)).isEqualTo(entries.subList(1, 3));
    }

    private static LogEntry barrier(long index, long epoch) {
        return LogEntry.barrier(index, epoch, 0);
    }
}
