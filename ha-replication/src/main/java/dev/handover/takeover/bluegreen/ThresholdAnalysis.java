package dev.handover.takeover.bluegreen;

import dev.handover.takeover.bluegreen.SwitchAnalysis.Finding;
import dev.handover.takeover.bluegreen.SwitchAnalysis.Verdict;
import java.time.Duration;

/**
 * The default analysis: the new version fails if, over at least {@code minRequests} of its requests, its error rate is higher than the old one's by more than {@code errorMargin}, or its median or its
 * 95th percentile of latency is above that of the old version by more than a factor and {@code slack} together; and at once, if more breakers are open in it than in the old one.
 *
 * <p>Latency is compared only where the old version had {@code minRequests}, too; without them there is nothing to compare with, and only errors are looked at. Undecided below {@code minRequests}.
 *
 * @param minRequests of each version, so that a verdict rests on more than chance; default 50. 0 lets a service without traffic pass. Too small: one slow request is a roll-back; too big: a quiet
 *     service never commits
 * @param errorMargin difference of the error rates; default 0.01, one request in a hundred
 * @param medianFactor default 2
 * @param tailFactor for the 95th percentile; default 3. Caches that are cold yet show here first
 * @param slack default 5 ms: what a pause of the machine may add. A service whose requests take microseconds wants less
 */
public record ThresholdAnalysis(
        long minRequests, double errorMargin, double medianFactor, double tailFactor, Duration slack)
        implements SwitchAnalysis {
    /** Checks the numbers. */
    public ThresholdAnalysis {
        if (minRequests < 0 || errorMargin < 0 || medianFactor < 1 || tailFactor < 1 || slack.isNegative()) {
            throw new IllegalArgumentException("minRequests " + minRequests + ", errorMargin " + errorMargin
                    + " and slack " + slack + " must not be below 0, medianFactor " + medianFactor + " and tailFactor "
                    + tailFactor + " not below 1");
        }
    }

    /** With defaults. */
    public static ThresholdAnalysis defaults() {
        return new ThresholdAnalysis(50, 0.01, 2, 3, Duration.ofMillis(5));
    }

    /** Another least number of requests. */
    public ThresholdAnalysis withMinRequests(long number) {
        return new ThresholdAnalysis(number, errorMargin, medianFactor, tailFactor, slack);
    }

    /** Another slack. */
    public ThresholdAnalysis withSlack(Duration value) {
        return new ThresholdAnalysis(minRequests, errorMargin, medianFactor, tailFactor, value);
    }

    @Override
    public Finding judge(TrafficSample before, TrafficSample since, Duration baked) {
        String figures = "; before: " + before + "; since: " + since;
        if (since.openBreakers() > before.openBreakers()) {
            return new Finding(
                    Verdict.FAIL,
                    since.openBreakers() + " breakers are open, " + before.openBreakers() + " were before" + figures);
        }
        if (since.requests() < minRequests) {
            return new Finding(
                    Verdict.UNDECIDED,
                    "only " + since.requests() + " of " + minRequests + " requests that a verdict needs" + figures);
        }
        if (since.errorRate() > before.errorRate() + errorMargin) {
            return new Finding(Verdict.FAIL, "more errors than before" + figures);
        }
        if (before.requests() >= Math.max(1, minRequests)) {
            if (slower(before.latency(0.5), since.latency(0.5), medianFactor)) {
                return new Finding(Verdict.FAIL, "slower than before in the median" + figures);
            }
            if (slower(before.latency(0.95), since.latency(0.95), tailFactor)) {
                return new Finding(Verdict.FAIL, "slower than before in the 95th percentile" + figures);
            }
        }
        return new Finding(Verdict.PASS, "as good as before" + figures);
    }

    private boolean slower(Duration before, Duration since, double factor) {
        return since.toNanos() > before.toNanos() * factor + slack.toNanos();
    }
}
