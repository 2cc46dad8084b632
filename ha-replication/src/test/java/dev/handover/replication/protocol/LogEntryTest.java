package dev.handover.replication.protocol;

import static org.assertj.core.api.Assertions.assertThat;

import dev.handover.replication.protocol.LogEntry.Kind;
import org.junit.jupiter.api.Test;

class LogEntryTest {
    private static final byte[] PAYLOAD = {1};
    private static final LogEntry BEFORE = new LogEntry(7, 3, 1000, Kind.COMMAND, 5, 20, 11, PAYLOAD);

    @Test
    void sharesTheHeadOfTheEntryBeforeIfThatHasTheSameValues() {
        LogEntry entry = LogEntry.after(BEFORE, 8, 3, 1000, Kind.COMMAND, 5, 21, 11, PAYLOAD);
        assertThat(entry.head()).isSameAs(BEFORE.head());
        assertThat(entry).isEqualTo(new LogEntry(8, 3, 1000, Kind.COMMAND, 5, 21, 11, PAYLOAD));
    }

    @Test
    void hasItsOwnHeadWhenAnyValueOfItDiffers() {
        differs(4, 1000, Kind.COMMAND, 5, 11);
        differs(3, 1001, Kind.COMMAND, 5, 11);
        differs(3, 1000, Kind.OPEN_SESSION, 5, 11);
        differs(3, 1000, Kind.COMMAND, 6, 11);
        differs(3, 1000, Kind.COMMAND, 5, 12);
    }

    private static void differs(long epoch, long timestamp, Kind kind, long sessionId, long answeredBelow) {
        LogEntry entry = LogEntry.after(BEFORE, 8, epoch, timestamp, kind, sessionId, 21, answeredBelow, PAYLOAD);
        assertThat(entry).isEqualTo(new LogEntry(8, epoch, timestamp, kind, sessionId, 21, answeredBelow, PAYLOAD));
        assertThat(entry.epoch()).isEqualTo(epoch);
        assertThat(entry.timestamp()).isEqualTo(timestamp);
        assertThat(entry.kind()).isEqualTo(kind);
        assertThat(entry.sessionId()).isEqualTo(sessionId);
        assertThat(entry.answeredBelow()).isEqualTo(answeredBelow);
    }
}
