package dev.handover.replication.simulator;

import java.util.List;
import java.util.SplittableRandom;
import java.util.UUID;

/** The one source of chance of a simulation. */
final class Dice {
    private final SplittableRandom random;

    Dice(long seed) {
        random = new SplittableRandom(seed);
    }

    /** From 0 up to and without the bound. */
    int below(int bound) {
        return random.nextInt(bound);
    }

    /** Both ends included. */
    long between(long from, long to) {
        return from >= to ? from : random.nextLong(from, to + 1);
    }

    boolean chance(double probability) {
        return probability > 0 && random.nextDouble() < probability;
    }

    <T> T pick(List<T> list) {
        return list.get(random.nextInt(list.size()));
    }

    /** A rate that is 0 in half of all worlds, mostly small else, and sometimes up to the greatest. */
    double rate(double greatest) {
        if (random.nextBoolean()) {
            return 0;
        }
        double x = random.nextDouble();
        return greatest * x * x;
    }

    /** From {@code from} to {@code to}, as likely within one power of ten as within another. */
    long scale(long from, long to) {
        return Math.round(from * Math.pow((double) to / from, random.nextDouble()));
    }

    /** Exponentially distributed. */
    long after(long mean) {
        return Math.round(-mean * Math.log(1 - random.nextDouble())) + 1;
    }

    UUID uuid() {
        return new UUID(random.nextLong(), random.nextLong());
    }
}
