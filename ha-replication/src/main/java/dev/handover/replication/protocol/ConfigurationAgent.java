package dev.handover.replication.protocol;

import dev.handover.Configuration;
import dev.handover.coordination.CasOutcome;
import dev.handover.coordination.ConfigurationStore;
import dev.handover.coordination.VersionedConfiguration;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Reads and proposes configurations: at most one proposal at a time (R6), and one whose answer was lost is resolved by reading (R10). */
final class ConfigurationAgent {
    private final ReplicaState state;
    private final Consumer<VersionedConfiguration> listener;
    private @Nullable VersionedConfiguration known;
    private @Nullable Configuration proposal;
    private int proposalVersion;
    /** The proposal's answer was lost. */
    private boolean inDoubt;

    private boolean reading;
    /** A read was wanted while an older one, which may miss what caused the wish, was under way. */
    private boolean readAgain;

    private long retryAtNanos = Long.MAX_VALUE;
    private long answers;

    /**
     * A replica's view of the store.
     *
     * @param listener called for every configuration that is newer than those before
     */
    ConfigurationAgent(ReplicaState state, Consumer<VersionedConfiguration> listener) {
        this.state = state;
        this.listener = listener;
    }

    /** The newest configuration seen; null before the first. */
    @Nullable
    VersionedConfiguration known() {
        return known;
    }

    /** The proposal that is under way or in doubt. */
    @Nullable
    Configuration proposal() {
        return proposal;
    }

    /** The answer to the proposal was lost, and nothing is known of its fate. */
    boolean inDoubt() {
        return inDoubt;
    }

    /** Nothing is under way, in doubt, or to be tried again. */
    boolean isIdle() {
        return proposal == null && !reading && retryAtNanos == Long.MAX_VALUE;
    }

    /** How many reads were answered. */
    long answers() {
        return answers;
    }

    void read() {
        if (reading) {
            readAgain = true;
        } else {
            reading = true;
            state.effects.add(new Effect.ReadConfiguration());
        }
    }

    /** Proposes; the caller has seen to it that nothing else is under way. */
    void propose(int expectedVersion, Configuration next) {
        state.leases.drop(); // R16: whom it admits, or makes the leader, need not have granted anything
        proposal = next;
        proposalVersion = expectedVersion;
        inDoubt = false;
        state.effects.add(new Effect.CompareAndSet(expectedVersion, next));
    }

    void casCompleted(Event.CasCompleted event) {
        if (proposal == null || !proposal.nonce().equals(event.nonce())) {
            if (event.outcome() instanceof CasOutcome.Applied applied) {
                seen(applied.stored());
            }
            return;
        }
        if (event.outcome() instanceof CasOutcome.Applied applied) {
            seen(applied.stored());
        } else if (event.outcome() instanceof CasOutcome.Conflict conflict && conflict.current() != null) {
            VersionedConfiguration current = conflict.current();
            if (current.version() != proposalVersion && current.configuration().epoch() < proposal.epoch()) {
                proposal = null; // somebody rewrote the node without a change: ours can never be stored
            }
            seen(current);
        } else {
            inDoubt = true; // R10: nothing is assumed until a read tells
            read();
        }
    }

    /**
     * Answer to a read.
     *
     * @param wanted whether a proposal that is still open should be made again
     */
    void configurationRead(@Nullable VersionedConfiguration current, boolean wanted) {
        reading = false;
        answers++;
        retryAtNanos = Long.MAX_VALUE;
        if (current != null) {
            seen(current);
        }
        Configuration open = proposal;
        if (open != null && inDoubt && !readAgain) { // R10: an answer to a question older than the doubt says nothing
            boolean unchanged = current == null
                    ? proposalVersion == ConfigurationStore.NOT_EXISTING
                    : current.version() == proposalVersion;
            if (unchanged && wanted) { // R10: the same again, so that it can be stored once at most
                inDoubt = false;
                state.effects.add(new Effect.CompareAndSet(proposalVersion, open));
            } else if (unchanged) {
                proposal = null; // if it is stored yet, it names a leader that does not lead: R11
            } else {
                proposal = null; // the node was rewritten without a change: ours can never be stored
            }
        }
        if (readAgain) {
            readAgain = false;
            read();
        }
    }

    void unavailable() {
        reading = false;
        readAgain = false;
        retryAtNanos = state.now + state.options.casRetryNanos();
    }

    void tick() {
        if (state.now >= retryAtNanos) {
            retryAtNanos = Long.MAX_VALUE;
            read();
        }
    }

    /** A configuration was seen somewhere; older ones are ignored. */
    void seen(VersionedConfiguration current) {
        VersionedConfiguration before = known;
        if (before != null
                && current.configuration().epoch() < before.configuration().epoch()) {
            return;
        }
        known = current;
        if (before != null
                && current.configuration().epoch() == before.configuration().epoch()) {
            return;
        }
        listener.accept(current);
        if (proposal != null && current.configuration().epoch() >= proposal.epoch()) {
            proposal = null;
            inDoubt = false;
        }
    }

    /** Whether the configuration is the proposal that is under way, known by its nonce (R10). */
    boolean isOwn(Configuration configuration) {
        return proposal != null && proposal.nonce().equals(configuration.nonce());
    }
}
