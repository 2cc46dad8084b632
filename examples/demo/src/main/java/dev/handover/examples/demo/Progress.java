package dev.handover.examples.demo;

import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.LongSupplier;

/** What there is to see at the moment: written by the one who runs the rounds and by the one who watches, read by the view. */
final class Progress {
    private static final double SMOOTHING = 0.4;

    private final int rounds;
    private final List<String> ids;
    private final long startedNanos = System.nanoTime();
    private LongSupplier acknowledged = () -> 0;
    private int roundsDone;
    private String phase = "starting";
    private OptionalLong takeOverNanos = OptionalLong.empty();
    private OptionalLong gapNanos = OptionalLong.empty();
    private List<Optional<NodeInfo>> infos;
    private long lastCount;
    private long lastNanos = startedNanos;
    private double perSecond;

    Progress(int rounds, List<String> ids) {
        this.rounds = rounds;
        this.ids = List.copyOf(ids);
        infos = ids.stream().map(id -> Optional.<NodeInfo>empty()).toList();
    }

    synchronized void counting(LongSupplier newAcknowledged) {
        acknowledged = newAcknowledged;
    }

    synchronized void phase(String newPhase) {
        phase = newPhase;
    }

    synchronized void measured(long newTakeOverNanos, long newGapNanos) {
        takeOverNanos = OptionalLong.of(newTakeOverNanos);
        gapNanos = OptionalLong.of(newGapNanos);
    }

    synchronized void roundDone() {
        roundsDone++;
    }

    synchronized void seen(List<Optional<NodeInfo>> newInfos) {
        infos = List.copyOf(newInfos);
    }

    /** The next picture; the rate is that since the one before, smoothed. */
    synchronized Frame frame() {
        long now = System.nanoTime();
        long count = acknowledged.getAsLong();
        if (now > lastNanos) {
            double rate = (count - lastCount) * 1e9 / (now - lastNanos);
            perSecond += SMOOTHING * (rate - perSecond);
            lastCount = count;
            lastNanos = now;
        }
        return new Frame(
                roundsDone,
                rounds,
                phase,
                ids,
                infos,
                count,
                Math.round(perSecond),
                takeOverNanos,
                gapNanos,
                now - startedNanos);
    }

    /** One picture of everything. {@code infos} is in the order of {@code ids}, empty for a node that does not answer. */
    record Frame(
            int roundsDone,
            int rounds,
            String phase,
            List<String> ids,
            List<Optional<NodeInfo>> infos,
            long acknowledged,
            long perSecond,
            OptionalLong takeOverNanos,
            OptionalLong gapNanos,
            long elapsedNanos) {}
}
