package dev.handover.takeover.bluegreen;

import dev.handover.coordination.RecordOutcome;
import dev.handover.coordination.RecordStore;
import java.time.Duration;
import java.util.Arrays;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Writes this instance's report: the newest one, one write at a time. On the loop. */
final class ReportWriter {
    private static final Logger LOG = LoggerFactory.getLogger(ReportWriter.class);
    private static final Duration AGAIN = Duration.ofMillis(200);

    private final Instance instance;
    private final String name;
    private byte[] wanted = {};
    private byte[] written = {};
    private int version = RecordStore.NOT_EXISTING;
    private boolean writing;

    ReportWriter(Instance instance) {
        this.instance = instance;
        name = Report.name(instance.service(), instance.node().id());
    }

    void write(Report report) {
        wanted = report.encode();
        go();
    }

    private void go() {
        if (writing || Arrays.equals(wanted, written)) {
            return;
        }
        writing = true;
        byte[] content = wanted;
        instance.records().compareAndSet(name, version, content).whenComplete((outcome, failure) -> instance.loop()
                .execute(() -> {
                    writing = false;
                    if (outcome instanceof RecordOutcome.Applied applied) {
                        written = content;
                        version = applied.version();
                        go();
                    } else if (outcome
                            instanceof RecordOutcome.Conflict conflict) { // of an earlier process, or unknown yet
                        version = conflict.current() == null
                                ? RecordStore.NOT_EXISTING
                                : conflict.current().version();
                        go();
                    } else {
                        LOG.debug("{} could not write its report: {} {}", instance.label(), outcome, failure);
                        instance.loop().later(AGAIN, this::go); // what may have been written shows as a conflict
                    }
                }));
    }
}
