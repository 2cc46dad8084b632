package dev.handover.leadership;

import java.time.Instant;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/** Who leads, as one candidate knows it. A value tells what was known when it was asked for; only {@link Leading#isValid()} looks again. */
public sealed interface Leadership {
    /**
     * This candidate leads.
     *
     * <p>Leading is checked and never remembered: {@link #isValid()} looks at the monotonic clock, or asks the other replicas of a log, so that a process which was paused knows at its next
     * instruction. Between that check and what it allows, the process may be paused again. Where this matters, give the {@link #epoch()} to the
     * resource, and let it refuse lower ones ({@code dev.handover.fencing}).
     */
    final class Leading implements Leadership {
        private final long epoch;
        private final BooleanSupplier validity;

        /** With the check that {@link #isValid()} makes; called on any thread, must answer within a second: it says no when it cannot know. */
        public Leading(long epoch, BooleanSupplier validity) {
            this.epoch = epoch;
            this.validity = validity;
        }

        /** The fencing token: greater than that of every leader before. */
        public long epoch() {
            return epoch;
        }

        /** Whether it leads now. Once false for good, another one may lead; after a mere interruption it may become true again. */
        public boolean isValid() {
            return validity.getAsBoolean();
        }

        @Override
        public boolean equals(@Nullable Object other) {
            return other instanceof Leading leading && leading.epoch == epoch;
        }

        @Override
        public int hashCode() {
            return Long.hashCode(epoch);
        }

        @Override
        public String toString() {
            return "Leading[epoch=" + epoch + "]";
        }
    }

    /**
     * This candidate does not lead.
     *
     * @param leader the name of who does; null while nobody does
     * @param epoch the newest that is known; 0 for none
     */
    record Following(@Nullable String leader, long epoch) implements Leadership {}

    /**
     * Nothing is known at present. Whoever led before must stop until it knows more.
     *
     * @param since the wall clock of this process
     * @param reason in words
     */
    record Unsure(Instant since, String reason) implements Leadership {}
}
