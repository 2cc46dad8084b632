package dev.handover.replication;

import static dev.handover.replication.TestCluster.bytes;
import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.slf4j.LoggerFactory;

/** A start that takes long says how far it is, while it restores and while it applies what is behind the snapshot. */
@Timeout(60)
class SnapshotProgressTest {
    private static final int STATE_BYTES = 4 << 20;
    private static final int PIECE = 128 << 10;
    private static final long PIECE_NANOS = TimeUnit.MILLISECONDS.toNanos(50);

    /** Takes its time when it starts again. */
    private static final class Slow extends TestCluster.Journal {
        private final boolean again;

        Slow(boolean again) {
            this.again = again;
        }

        @Override
        public byte[] apply(Command command) {
            if (again) {
                LockSupport.parkNanos(PIECE_NANOS);
            }
            return super.apply(command);
        }

        @Override
        public StateSnapshot snapshot() {
            return (StateSnapshot.Handle) out -> out.write(new byte[STATE_BYTES]);
        }

        @Override
        public void restore(InputStream in) throws IOException {
            while (in.readNBytes(PIECE).length > 0) {
                LockSupport.parkNanos(PIECE_NANOS);
            }
        }
    }

    @Test
    void shouldSayOnInfoHowFarItIs() throws Exception {
        ListAppender<ILoggingEvent> lines = new ListAppender<>();
        Logger logger = (Logger) LoggerFactory.getLogger(Restoring.class);
        lines.start();
        try (TestCluster cluster = new TestCluster()) {
            cluster.settings = builder -> builder.snapshotBytes(1L << 30);
            cluster.machines = () -> new Slow(false);
            TestCluster.Running a = cluster.startInSync("a").get(0);
            a.log().submit(bytes("in the snapshot")).get(20, TimeUnit.SECONDS);
            a.log().snapshot().get(20, TimeUnit.SECONDS);
            for (int i = 0; i < 40; i++) {
                a.log().submit(bytes("behind it " + i)).get(20, TimeUnit.SECONDS);
            }
            cluster.crash("a");
            cluster.machines = () -> new Slow(true);
            logger.addAppender(lines);
            cluster.startInSync("a");
        } finally {
            logger.detachAppender(lines);
        }
        List<String> said = List.copyOf(lines.list).stream()
                .filter(event -> event.getLevel() == Level.INFO)
                .map(ILoggingEvent::getFormattedMessage)
                .toList();
        assertThat(said)
                .anyMatch(line -> line.matches("\\[g a\\] restores the snapshot at index \\d+: byte \\d+ of "
                        + "\\d+ \\(\\d+%\\), \\d+ per second"))
                .anyMatch(line -> line.matches("\\[g a\\] restored the snapshot at index \\d+, \\d+ bytes, in \\d+ ms"))
                .anyMatch(line -> line.matches(
                        "\\[g a\\] applies the log again: index \\d+ of \\d+ \\(\\d?\\d%\\), \\d+ per second"));
    }
}
