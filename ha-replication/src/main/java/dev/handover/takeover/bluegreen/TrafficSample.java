package dev.handover.takeover.bluegreen;

import java.time.Duration;
import java.util.Arrays;

/**
 * What the instances of one version did over a while. Latencies are counted in buckets a fifth wide (four to an octave of microseconds), so that samples of several instances can be added.
 *
 * @param requests how many ended
 * @param errors how many of them failed
 * @param latencies counts by bucket; not copied, nobody may change them
 * @param openBreakers how many circuit breakers were open at the end
 */
public record TrafficSample(long requests, long errors, long[] latencies, int openBreakers) {
    static final int BUCKETS = 112; // up to more than two minutes
    private static final int PER_OCTAVE = 4;

    /** Nothing. */
    public static TrafficSample none() {
        return new TrafficSample(0, 0, new long[BUCKETS], 0);
    }

    /** Errors by request; 0 without requests. */
    public double errorRate() {
        return requests == 0 ? 0 : (double) errors / requests;
    }

    /** So much or less took this part of the requests (0.5: the median), to a fifth; zero without requests. */
    public Duration latency(double part) {
        long wanted = Math.max(1, (long) Math.ceil(part * requests));
        long seen = 0;
        for (int bucket = 0; bucket < latencies.length; bucket++) {
            seen += latencies[bucket];
            if (seen >= wanted) {
                return Duration.ofNanos((long) (1000 * Math.pow(2, (double) bucket / PER_OCTAVE)));
            }
        }
        return Duration.ZERO;
    }

    /** Both together. */
    public TrafficSample plus(TrafficSample other) {
        long[] sum = Arrays.copyOf(latencies, BUCKETS);
        for (int bucket = 0; bucket < other.latencies.length; bucket++) {
            sum[bucket] += other.latencies[bucket];
        }
        return new TrafficSample(
                requests + other.requests, errors + other.errors, sum, openBreakers + other.openBreakers);
    }

    /** The first bucket that ends at or above the latency. */
    static int bucket(long nanos) {
        double micros = Math.max(1, nanos / 1000.0);
        int bucket = (int) Math.ceil(PER_OCTAVE * Math.log(micros) / Math.log(2) - 1e-9);
        return Math.min(BUCKETS - 1, bucket);
    }

    /** {@code requests;errors;openBreakers;bucket:count …}. */
    String encode() {
        StringBuilder text = new StringBuilder()
                .append(requests)
                .append(';')
                .append(errors)
                .append(';')
                .append(openBreakers)
                .append(';');
        for (int bucket = 0; bucket < latencies.length; bucket++) {
            if (latencies[bucket] > 0) {
                text.append(bucket).append(':').append(latencies[bucket]).append(' ');
            }
        }
        return text.toString().trim();
    }

    static TrafficSample decode(String text) {
        String[] parts = text.split(";", 4);
        long[] latencies = new long[BUCKETS];
        for (String entry : parts[3].isBlank() ? new String[0] : parts[3].trim().split(" ")) {
            int colon = entry.indexOf(':');
            latencies[Integer.parseInt(entry.substring(0, colon))] = Long.parseLong(entry.substring(colon + 1));
        }
        return new TrafficSample(
                Long.parseLong(parts[0]), Long.parseLong(parts[1]), latencies, Integer.parseInt(parts[2]));
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof TrafficSample that && encode().equals(that.encode());
    }

    @Override
    public int hashCode() {
        return encode().hashCode();
    }

    /** For people. */
    @Override
    public String toString() {
        return requests + " requests, " + errors + " errors, median " + millis(latency(0.5)) + " ms, 95% "
                + millis(latency(0.95)) + " ms, " + openBreakers + " breakers open";
    }

    private static String millis(Duration duration) {
        return String.valueOf(Math.round(duration.toNanos() / 10_000.0) / 100.0);
    }
}
