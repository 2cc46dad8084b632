package dev.handover.replication.protocol;

import dev.handover.Configuration;
import dev.handover.NodeId;
import dev.handover.ReplicaId;
import dev.handover.Role;
import dev.handover.coordination.VersionedConfiguration;
import dev.handover.event.HaEvent.TakeOverStep;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** One unbroken leadership, over all the epochs that its changes of the in-sync set make: replicates, commits, confirms reads, shrinks and expands. */
final class Leadership {
    /** A commit is told by the next entries; by a message of its own to whom nothing was sent for so long. */
    private static final long COMMIT_NEWS_NANOS = 2_000_000;

    private record Uncommitted(long lastIndex, long bytes) {}

    private final ReplicaState state;
    private final ConfigurationAgent agent;
    private final ReadConfirmation reads;
    private final Map<ReplicaId, FollowerProgress> followers = new TreeMap<>();
    private final Deque<Uncommitted> uncommitted = new ArrayDeque<>();
    private final SnapshotFeed feed;
    private final InSyncPolicy policy;
    private final Rest rest;
    private Configuration configuration;
    private long uncommittedBytes;
    /** Index of the entry that this leadership began with. */
    private final long barrierIndex;
    /** Every in-sync replica holds the own barrier: what earlier leaders committed is here, and they can commit no more. */
    private boolean reconciled;

    /** The barrier has committed (R9): answers, reads. */
    private boolean serving;

    private boolean epochWasDurable;
    private long epochSinceNanos;
    /** What {@link #needed()} gave last, and of what. */
    private Set<ReplicaId> needed = Set.of();

    private @Nullable Configuration neededOf;
    private @Nullable Configuration neededProposal;
    private long drainDeadlineNanos = Long.MAX_VALUE;

    /** Begins to lead: the whole own log counts, the barrier is appended behind it (R9). */
    Leadership(ReplicaState state, ConfigurationAgent agent, VersionedConfiguration won) {
        this.state = state;
        this.agent = agent;
        reads = new ReadConfirmation(state);
        feed = new SnapshotFeed(state, followers);
        policy = new InSyncPolicy(state);
        rest = new Rest(state, agent);
        configuration = won.configuration();
        epochSinceNanos = state.now;
        state.rememberEpoch(
                configuration.epoch(), configuration.lineage()); // R2: before the barrier, and before anything is sent
        barrierIndex = state.log.lastIndex() + 1;
        long timestamp = Math.max(state.wallMillis, state.log.lastTimestamp()); // R19
        state.log.append(List.of(LogEntry.barrier(
                barrierIndex, configuration.epoch(), timestamp, FeatureLevels.barrierPayload(configuration))));
        followConfiguration();
        state.become(Role.RECONCILING, configuration.reason());
    }

    /** The own change of the in-sync set was confirmed: the next epoch of the same leadership. */
    void changed(VersionedConfiguration won) {
        configuration = won.configuration();
        state.rememberEpoch(configuration.epoch(), configuration.lineage());
        epochWasDurable = false;
        epochSinceNanos = state.now;
        for (FollowerProgress follower : followers.values()) {
            follower.wake(state.now, state.now); // R21: another epoch
            follower.newEpoch(); // R4: acknowledgements of earlier epochs do not count
            follower.counted = false;
        }
        followConfiguration();
        state.reason = configuration.reason();
        persisted();
    }

    private void followConfiguration() {
        for (ReplicaId member : configuration.inSync()) {
            if (!member.equals(state.self)) {
                followers.computeIfAbsent(
                        member, id -> new FollowerProgress(id, Math.max(1, state.log.lastIndex()), state.now));
            }
        }
        followers
                .keySet()
                .removeIf(id -> !configuration.isInSync(id)
                        && (!state.reachable(id) || configuration.isRemoved(id.node()))); // R22
    }

    Configuration configuration() {
        return configuration;
    }

    // ---- transfer (R18)

    /** It serves, and no other change is under way. */
    boolean mayTransfer() {
        return serving && agent.proposal() == null && state.epochIsDurable();
    }

    /** As R8 asks for it, also while too few are in sync to serve, and no other change is under way. */
    boolean mayAdmit() {
        return reconciled && agent.proposal() == null && state.epochIsDurable();
    }

    /** R7: why another one should lead, who could; null if nobody should. */
    @Nullable
    String whyGiveUp() {
        if (!serving || drainDeadlineNanos != Long.MAX_VALUE) {
            return null;
        } else if (policy.diskStalls() && !heirs().isEmpty()) {
            return "the own disk stands still";
        }
        // R15: it will stop when its last segment is full, so enough others must be there to go on without it
        boolean full = state.disk.lacksRoomForNanos() > state.options.failureTimeoutNanos()
                && configuration.inSync().size() > configuration.minInSync()
                && !heirsWithRoom().isEmpty();
        return full ? "the own disk has no room" : null;
    }

    /** Whom this one should give the leadership now, because it is preferred (R23). */
    @Nullable
    NodeId preferredHeir() {
        return serving && drainDeadlineNanos == Long.MAX_VALUE && state.preference.isUneven()
                ? state.preference.due(heirsWithRoom())
                : null;
    }

    /** Members of the in-sync set that could lead, as far as is known. */
    List<FollowerProgress> heirs() {
        List<FollowerProgress> heirs = new ArrayList<>();
        for (ReplicaId member : configuration.inSync()) {
            FollowerProgress follower = followers.get(member);
            if (follower != null
                    && isCurrent(follower)
                    && policy.isHeard(follower)
                    && policy.whyGone(follower) == null) {
                heirs.add(follower);
            }
        }
        return heirs;
    }

    private List<FollowerProgress> heirsWithRoom() {
        List<FollowerProgress> heirs = heirs();
        heirs.removeIf(heir -> heir.lacksRoom(state.now)); // R15
        return heirs;
    }

    List<FollowerStatus> followerStatus() {
        List<FollowerStatus> all = new ArrayList<>(followers.size());
        for (FollowerProgress follower : followers.values()) {
            all.add(new FollowerStatus(
                    follower.id,
                    configuration.isInSync(follower.id),
                    state.reachable(follower.id),
                    follower.match,
                    state.now - follower.lastHeardNanos));
        }
        return all;
    }

    // ---- commands

    void propose(List<? extends Proposed> proposals) {
        if (drainDeadlineNanos != Long.MAX_VALUE) {
            state.effects.add(new Effect.Rejected(proposals, Effect.Rejection.NOT_LEADER));
            return;
        }
        if (configuration.inSync().size() < configuration.minInSync()) {
            state.effects.add(new Effect.Rejected(proposals, Effect.Rejection.TOO_FEW_IN_SYNC));
            return;
        }
        if (uncommittedBytes > state.options.maxUncommittedBytes()) {
            state.effects.add(new Effect.Rejected(proposals, Effect.Rejection.OVERLOADED));
            return;
        }
        long first = state.log.lastIndex() + 1;
        long timestamp = Math.max(state.wallMillis, state.log.lastTimestamp()); // R19
        List<LogEntry> entries = new ArrayList<>(proposals.size());
        long bytes = 0;
        LogEntry last = null;
        for (Proposed proposal : proposals) {
            LogEntry entry = LogEntry.after(last, first + entries.size(), configuration.epoch(), timestamp, proposal);
            entries.add(entry);
            bytes += entry.size();
            last = entry;
        }
        state.log.append(entries);
        uncommitted.add(new Uncommitted(state.log.lastIndex(), bytes));
        uncommittedBytes += bytes;
        state.effects.add(new Effect.Accepted(proposals, first, configuration.epoch()));
        replicateToAll();
    }

    // ---- replication

    /** Snapshots for those who need what the log no longer holds. */
    SnapshotFeed feed() {
        return feed;
    }

    private boolean isCurrent(FollowerProgress follower) {
        return state.reachable(follower.id) && !policy.isDeaf(); // R7
    }

    private void replicateToAll() {
        for (FollowerProgress follower : followers.values()) {
            replicate(follower);
        }
    }

    private void replicate(FollowerProgress follower) {
        if (!state.epochIsDurable() || !isCurrent(follower) || feed.instead(follower)) { // R2
            return;
        }
        while (!follower.probing
                && follower.fetchId == 0
                && follower.next <= state.log.lastIndex()
                && follower.inFlightBytes < state.options.maxInFlightBytes()) {
            List<LogEntry> entries =
                    state.log.entries(follower.next, state.log.lastIndex(), state.options.maxAppendBytes());
            if (entries.isEmpty()) {
                follower.fetchId = state.apply.nextFetchId();
                state.effects.add(new Effect.Fetch(
                        follower.fetchId, follower.next, state.log.lastIndex(), state.options.maxAppendBytes()));
            } else {
                sendEntries(follower, entries);
            }
        }
    }

    private void sendEntries(FollowerProgress follower, List<LogEntry> entries) {
        long bytes = 0;
        for (LogEntry entry : entries) {
            bytes += entry.size();
        }
        send(follower, entries);
        follower.busyNanos = state.now;
        follower.next += entries.size();
        follower.sent(follower.next - 1, bytes);
    }

    private void send(FollowerProgress follower, List<LogEntry> entries) {
        long prevIndex = feed.prevIndex(follower);
        follower.wake(state.now, state.now); // R21
        // R3: the answer that counts; the log may have been compacted since the last one
        follower.probePrev = prevIndex;
        follower.lastSentNanos = state.now;
        follower.sentCommit = state.commitIndex;
        state.send(
                follower.id.node(),
                new Message.Append(
                        configuration.epoch(),
                        prevIndex,
                        state.log.epochAt(prevIndex),
                        entries,
                        state.commitIndex,
                        reads.round()));
    }

    /** A message without entries: says that the leader lives, where it is, and asks where the follower is. */
    private void heartbeat(FollowerProgress follower) {
        if (state.epochIsDurable() && isCurrent(follower)) { // R2
            send(follower, List.of());
        }
    }

    private void probe(FollowerProgress follower) {
        follower.forgetInFlight();
        follower.probing = true;
        follower.busyNanos = state.now;
        heartbeat(follower);
    }

    /** Whether the answer was to a question of this part. */
    boolean fetched(Event.Fetched event) {
        for (FollowerProgress follower : followers.values()) {
            if (follower.fetchId == event.fetchId()) {
                follower.fetchId = 0;
                boolean wanted =
                        !follower.probing && state.epochIsDurable() && isCurrent(follower) && !feed.needs(follower);
                if (wanted && state.log.matches(follower.next, event.entries())) {
                    sendEntries(follower, event.entries());
                }
                replicate(follower);
                return true;
            }
        }
        return false;
    }

    void acknowledged(ReplicaId from, Message.Ack ack) {
        FollowerProgress follower = heard(from);
        if (follower == null || ack.epoch() != configuration.epoch()) { // R4: exact epoch, exact identity
            return;
        }
        if (ack.durableIndex() > state.log.lastIndex()) {
            throw new InvariantViolation(from + " acknowledges " + ack.durableIndex() + " in epoch " + ack.epoch()
                    + ", but the log ends at " + state.log.lastIndex());
        }
        follower.probing = false;
        follower.ackedRound = Math.max(follower.ackedRound, ack.round());
        follower.acknowledged(ack.durableIndex(), state.log.lastIndex(), state.now);
        advance();
        confirmReads();
        changeMembers();
        replicate(follower);
    }

    void mismatch(ReplicaId from, Message.Mismatch mismatch) {
        FollowerProgress follower = heard(from);
        if (follower == null || mismatch.epoch() != configuration.epoch()) {
            return;
        }
        follower.ackedRound = Math.max(follower.ackedRound, mismatch.round());
        confirmReads();
        if (follower.probing ? mismatch.prevIndex() != follower.probePrev : mismatch.prevIndex() < follower.match) {
            return; // answer to an older message
        }
        long agreed = state.log.lastNotAbove(mismatch.hintIndex(), mismatch.hintEpoch()); // R3: by index and epoch
        follower.next = Math.max(follower.match, Math.min(agreed, mismatch.prevIndex() - 1)) + 1;
        if (feed.instead(follower)) {
            follower.probing = false; // asking again would bring the same answer
        } else {
            probe(follower);
        }
    }

    /** Whether a replica could read all that is written, also if the proposal that is under way succeeds (R20). */
    boolean couldRead(int featureLevel) {
        Configuration proposal = agent.proposal();
        return featureLevel >= (proposal == null ? configuration : proposal).featureLevel();
    }

    void supports(ReplicaId from, Message.Supports supports) {
        FollowerProgress follower = heard(from);
        if (follower != null && supports.epoch() == configuration.epoch()) {
            follower.featureLevel = supports.featureLevel();
            changeMembers();
        }
    }

    /** R15: it should not lead. */
    void lacksRoom(ReplicaId from, Message.LacksRoom message) {
        FollowerProgress follower = heard(from);
        if (follower != null && message.epoch() == configuration.epoch()) {
            follower.lacksRoomUntilNanos = state.now + state.options.failureTimeoutNanos();
        }
    }

    /** A replica says where it is: a member that came back, or a learner. */
    void join(ReplicaId from, Message.Join join) {
        if (configuration.isRemoved(from.node())) { // R22
            return;
        }
        FollowerProgress follower =
                followers.computeIfAbsent(from, id -> new FollowerProgress(id, state.log.lastIndex() + 1, state.now));
        policy.hears();
        follower.wake(state.now, state.now); // R21: it does not rest, or it would not ask
        follower.lastHeardNanos = state.now;
        follower.refused = false;
        follower.goodbye = false;
        follower.featureLevel = join.featureLevel();
        follower.learner = join.learner();
        long agreed = state.log.lastNotAbove(join.lastIndex(), join.lastEpoch());
        follower.next = Math.max(follower.match, agreed) + 1;
        probe(follower);
    }

    private @Nullable FollowerProgress heard(ReplicaId from) {
        FollowerProgress follower = followers.get(from);
        if (follower != null) {
            policy.hears();
            follower.lastHeardNanos = state.now;
            follower.refused = false;
            follower.goodbye = false; // that was an earlier process of the node, and its word came late
        }
        return follower;
    }

    // ---- commit

    /** R5, R6: who must hold an entry: the in-sync set, old and new while a change is in doubt, and learners that are counted already (R8). */
    private Set<ReplicaId> needed() {
        Configuration proposal = agent.proposal();
        if (neededOf != configuration || neededProposal != proposal) {
            neededOf = configuration;
            neededProposal = proposal;
            needed = new TreeSet<>(configuration.inSync());
            if (proposal != null) {
                needed.addAll(proposal.inSync()); // R6
            }
            needed.remove(state.self);
        }
        return needed;
    }

    void advance() {
        long held = state.log.durableIndex();
        for (ReplicaId id : needed()) {
            FollowerProgress follower = followers.get(id);
            held = Math.min(held, follower == null ? 0 : follower.match);
        }
        if (held < barrierIndex) { // R5
            return;
        }
        // R16: an earlier leader may still rely on this one's grant
        if (!reconciled && !state.grants.lapsed(state.now, configuration.leaseNanos())) {
            return;
        }
        reconciled = true;
        for (FollowerProgress follower : followers.values()) {
            if (follower.counted) {
                held = Math.min(held, follower.match); // R8
            }
        }
        if (configuration.inSync().size() < configuration.minInSync() || held < barrierIndex) { // R5
            return;
        }
        state.advanceCommit(held);
        while (!uncommitted.isEmpty() && uncommitted.getFirst().lastIndex <= state.commitIndex) {
            uncommittedBytes -= uncommitted.removeFirst().bytes;
        }
        state.log.forgetUpTo(state.apply.handedIndex());
        if (!serving) {
            serving = true;
            if (state.role == Role.RECONCILING) {
                state.become(Role.LEADER, configuration.reason());
            }
            state.effects.add(new Effect.TakeOver(
                    TakeOverStep.SERVING, configuration.epoch(), "barrier " + barrierIndex + " committed"));
            reads.serve(state.commitIndex); // R9: answers only after the barrier
            confirmReads();
        }
    }

    void persisted() {
        if (state.epochIsDurable() && !epochWasDurable) {
            epochWasDurable = true;
            for (FollowerProgress follower : followers.values()) {
                // what the own disk took is not the followers' fault (R7)
                follower.forgive(state.now - epochSinceNanos, state.now);
                if (follower.next > state.log.lastIndex()) {
                    heartbeat(follower);
                }
            }
            replicateToAll();
        }
        advance();
        changeMembers();
    }

    // ---- reads

    void read(List<Long> readIds) {
        for (long readId : readIds) {
            reads.add(null, readId);
        }
        serveReads();
    }

    /** R16: reads that may be answered without a round. */
    void readLeased(List<Long> readIds) {
        Lease lease = serving && drainDeadlineNanos == Long.MAX_VALUE && agent.proposal() == null // R6
                ? state.leases.current(configuration, needed(), followers)
                : null;
        if (lease == null) {
            read(readIds);
            return;
        }
        for (long readId : readIds) {
            state.effects.add(new Effect.ReadLeased(readId, state.commitIndex, lease));
        }
    }

    void leaseGranted(ReplicaId from, Message.LeaseGranted answer) {
        FollowerProgress follower = heard(from);
        if (follower != null && answer.epoch() == configuration.epoch()) { // R16: exact epoch, exact identity
            follower.granted(answer.sentNanos());
        }
    }

    /** The leader's option decides whether the group has leases, and the group must know: a granter that restarts does not. */
    private void agreeOnLeases() {
        long wanted = state.options.leases().periodNanos();
        VersionedConfiguration known = agent.known();
        if (serving
                && agent.proposal() == null
                && wanted != configuration.leaseNanos()
                && known != null
                && known.configuration().epoch() == configuration.epoch()) {
            agent.propose(
                    known.version(),
                    state.successor(
                                    configuration,
                                    state.self,
                                    configuration.inSync(),
                                    wanted == 0 ? "no leases" : "leases of " + wanted / 1_000_000 + " ms")
                            .withLeaseNanos(wanted));
        }
    }

    void readIndexRequested(NodeId from, long requestId) {
        reads.add(from, requestId);
        serveReads();
    }

    private void serveReads() {
        if (!serving) {
            if (reconciled && configuration.inSync().size() < configuration.minInSync()) {
                reads.fail(Effect.Rejection.TOO_FEW_IN_SYNC);
            }
            return; // R16: not before the own barrier has committed
        }
        reads.serve(state.commitIndex);
        confirmReads();
        if (reads.unconfirmed()) {
            for (FollowerProgress follower : followers.values()) {
                if (needed().contains(follower.id)) {
                    follower.busyNanos = state.now;
                    heartbeat(follower);
                }
            }
        }
    }

    /** R16: every other member must have answered, in this epoch, to something sent after the read came. */
    private void confirmReads() {
        if (!reads.unconfirmed()) {
            return;
        }
        long confirmed = Long.MAX_VALUE;
        for (ReplicaId id : needed()) { // R16: all of them, old and new while in doubt
            FollowerProgress follower = followers.get(id);
            confirmed = Math.min(confirmed, follower == null ? 0 : follower.ackedRound);
        }
        reads.confirm(confirmed);
    }

    // ---- members

    void connected(NodeId node) {
        for (FollowerProgress follower : followers.values()) {
            if (follower.id.node().equals(node)) {
                follower.wake(state.now, state.now); // R21
                follower.refused = false;
                follower.featureLevel = FeatureLevels.FIRST; // R20: it may be another release now
                follower.fetchId = 0;
                follower.next = follower.match > 0 ? follower.match + 1 : follower.next;
                probe(follower);
            }
        }
    }

    void disconnected(NodeId node) {
        wake(node, state.now);
        followers.values().removeIf(f -> f.id.node().equals(node) && !needed().contains(f.id));
    }

    void refused(NodeId node) {
        for (FollowerProgress follower : followers.values()) {
            if (follower.id.node().equals(node)) {
                follower.refused = true;
            }
        }
        changeMembers();
    }

    void goodbye(ReplicaId from) {
        FollowerProgress follower = followers.get(from);
        if (follower != null) {
            follower.goodbye = true;
        }
        changeMembers();
    }

    private void changeMembers() {
        if (agent.proposal() != null || !state.epochIsDurable()) { // R6
            return;
        }
        List<ReplicaId> remaining = new ArrayList<>();
        List<FollowerProgress> gone = new ArrayList<>();
        List<String> why = new ArrayList<>();
        for (ReplicaId member : configuration.inSync()) {
            FollowerProgress follower = followers.get(member);
            String reason = follower == null ? null : policy.whyGone(follower);
            if (follower == null || reason == null) {
                remaining.add(member);
            } else {
                gone.add(follower);
                why.add(member + ": " + reason);
            }
        }
        if (gone.isEmpty()) {
            policy.hears();
            if (drainDeadlineNanos == Long.MAX_VALUE) {
                expand(remaining);
                raiseFeatureLevel();
                agreeOnLeases();
            }
        } else if (policy.mayRemove(gone, followers.values(), agent)) {
            gone.forEach(policy::penalise);
            policy.hears();
            propose(remaining, "removed " + why); // R7
        }
    }

    /** R20: as soon as everybody can read what would be written. */
    private void raiseFeatureLevel() {
        int common = FeatureLevels.common(state.options.featureLevel(), followers.values());
        VersionedConfiguration known = agent.known();
        if (serving
                && !state.featureLevelHeld
                && common > configuration.featureLevel()
                && agent.proposal() == null
                && known != null
                && known.configuration().epoch() == configuration.epoch()) {
            agent.propose(known.version(), state.raised(configuration, common));
        }
    }

    private void expand(List<ReplicaId> members) {
        if (!reconciled) { // R8: not before the own barrier
            return;
        }
        followers.values().forEach(this::count);
        // R8: everything committed, by earlier leaders too, and as it is now: counting fewer learners may just have
        // committed more
        long mustHold = Math.max(state.commitIndex, barrierIndex);
        List<ReplicaId> ready = new ArrayList<>();
        for (FollowerProgress learner : followers.values()) {
            if (learner.counted && learner.match >= mustHold && state.reachable(learner.id)) { // R8
                ready.add(learner.id);
            }
        }
        if (!ready.isEmpty()) {
            List<ReplicaId> inSync = new ArrayList<>(members);
            inSync.addAll(ready);
            propose(inSync, "added " + ready);
        }
    }

    /** R8: whether commits wait for this learner. */
    private void count(FollowerProgress learner) {
        if (configuration.isInSync(learner.id) || policy.whyGone(learner) != null || policy.mustWait(learner)) {
            stopCounting(learner);
        } else if (!learner.counted) {
            learner.counted = !feed.needs(learner) && policy.keepsUp(learner); // R8: what it is being fed may take long
            learner.countedSinceNanos = state.now;
        } else if (state.now - learner.countedSinceNanos > state.options.failureTimeoutNanos()) {
            policy.penalise(learner);
            stopCounting(learner);
        }
    }

    private void stopCounting(FollowerProgress learner) {
        if (learner.counted) {
            learner.counted = false;
            advance();
        }
    }

    private void propose(List<ReplicaId> inSync, String why) {
        VersionedConfiguration known = agent.known();
        if (known != null && known.configuration().epoch() == configuration.epoch()) { // else another leads already
            agent.propose(known.version(), state.successor(configuration, state.self, inSync, why));
        }
    }

    // ---- time

    void tick(boolean paused) {
        policy.tick(paused);
        for (FollowerProgress follower : followers.values()) {
            if (paused) {
                follower.restartTimers(state.now); // R7: the own pause is not the followers' fault
            }
            long silentNanos = state.now - follower.lastSentNanos;
            boolean commitNews = follower.sentCommit < state.commitIndex && silentNanos >= COMMIT_NEWS_NANOS;
            if (!follower.resting && (commitNews || silentNanos >= state.options.heartbeatNanos())) {
                heartbeat(follower);
                if (mayRest() && configuration.isInSync(follower.id)) {
                    rest.ask(follower, configuration.epoch());
                }
            }
        }
        if (!state.epochIsDurable()) {
            return;
        }
        if (!reconciled) {
            advance(); // grants may have lapsed
        } else if (serving) {
            state.leases.renew(configuration, followers.values());
        }
        changeMembers();
    }

    // ---- rest (R21)

    /** Nothing has to move on by time. */
    private boolean mayRest() {
        boolean leases =
                configuration.leaseNanos() > 0 || state.options.leases().periodNanos() > 0; // R16: by time
        boolean another =
                state.preference.isUneven() && state.preference.better(heirsWithRoom()) != null; // R23: by time, too
        return serving
                && !leases
                && !another
                && !state.disk.lacksRoom()
                && drainDeadlineNanos == Long.MAX_VALUE
                && reads.isEmpty()
                && rest.isSettled();
    }

    /** Time may stand still until something happens. */
    boolean rests() {
        if (!mayRest()) {
            return false;
        }
        for (FollowerProgress follower : followers.values()) {
            if (!follower.resting) {
                return false;
            }
        }
        return true;
    }

    /** Nodes with which followers rest. */
    List<NodeId> restsWith() {
        return rest.with(followers.values());
    }

    void resting(ReplicaId from, Message.Resting answer) {
        FollowerProgress follower = heard(from);
        if (follower != null && answer.epoch() == configuration.epoch()) {
            rest.answered(follower, answer);
        }
    }

    /** The followers on that node are on their own again. */
    void wake(NodeId node, long heardNanos) {
        for (FollowerProgress follower : followers.values()) {
            if (follower.id.node().equals(node)) {
                follower.wake(heardNanos, state.now);
            }
        }
    }

    // ---- end

    void drain() {
        if (drainDeadlineNanos == Long.MAX_VALUE) {
            drainDeadlineNanos = state.now + state.options.drainTimeoutNanos();
            state.become(Role.DRAINING, "stop asked for");
        }
    }

    /** How the draining ended; null while it goes on. */
    @Nullable
    String drained() {
        if (drainDeadlineNanos == Long.MAX_VALUE) {
            return null;
        }
        boolean committed = state.commitIndex == state.log.lastIndex();
        boolean applied = state.apply.appliedIndex() == state.commitIndex;
        if (committed && applied) {
            return "everything up to " + state.commitIndex + " is committed on " + configuration.inSync();
        }
        return state.now >= drainDeadlineNanos
                ? "stopped with entries " + (state.commitIndex + 1) + " to " + state.log.lastIndex() + " uncommitted"
                : null;
    }

    void sayGoodbye() {
        state.leases.drop(); // R16: before the others hear that they need not wait
        for (FollowerProgress follower : followers.values()) {
            if (state.reachable(follower.id)) {
                state.send(follower.id.node(), new Message.Goodbye(configuration.epoch()));
            }
        }
    }

    void end() {
        state.leases.drop();
        reads.fail(Effect.Rejection.NOT_LEADER);
    }
}
