package dev.handover.replication.protocol;

import dev.handover.Configuration;
import dev.handover.NodeId;
import dev.handover.ReplicaId;
import dev.handover.Role;
import dev.handover.coordination.ConfigurationStore;
import dev.handover.coordination.VersionedConfiguration;
import dev.handover.event.HaEvent.TakeOverStep;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.UUID;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The protocol of one replica: takes events, gives effects. Primary-backup with a configuration master, of the family of PacificA (Lin et al., 2008) and Vertical
 * Paxos (Lamport, Malkhi, Zhou, 2009); {@code docs/protocol.md} has the rules that the comments cite. Not thread-safe: one thread steps it.
 */
public final class ReplicaProtocol {
    /** Ends the replica from wherever it is noticed; the message is for the operator. */
    private static final class Fault extends RuntimeException {
        private static final long serialVersionUID = 1L;

        final String why;

        Fault(String why) {
            super(why);
            this.why = why;
        }
    }

    private static final UUID NO_LINEAGE = new UUID(0, 0);

    private final ReplicaState state;
    private final RecoveredReplica recovered;
    private final ConfigurationAgent agent;
    private final Followership following;
    private final Transfer transfer;
    private final Rest rest;
    private final Membership membership;
    private @Nullable Leadership leading;
    private PreferredMoves preferredMoves = new PreferredMoves();

    private boolean bootRecorded;
    private boolean configurationKnown;
    private @Nullable VersionedConfiguration first;
    private long bootRetryNanos = Long.MAX_VALUE;
    private boolean begun;

    private boolean stopping;
    private long stopDeadlineNanos;
    private long nextGoodbyeNanos;
    private boolean ended;
    private long nextTakeOverNanos;
    /** The beginning of a take-over was told, and its end not yet. */
    private boolean suspicionTold;

    private long nextGivingUpNanos;
    private long nextLookNanos;
    private Effect.@Nullable StatusChanged lastStatus;

    /**
     * A replica that has read its disk and has seen nothing else yet.
     *
     * @param ids gives new random ids (nonces, a lineage); in tests from a seed
     */
    public ReplicaProtocol(ProtocolOptions options, ReplicaId self, RecoveredReplica recovered, Supplier<UUID> ids) {
        state = new ReplicaState(options, self, recovered, ids);
        this.recovered = recovered;
        agent = new ConfigurationAgent(state, this::configurationSeen);
        following = new Followership(state);
        transfer = new Transfer(state, agent);
        rest = new Rest(state, agent);
        membership = new Membership(state, agent);
    }

    /**
     * From now on the group may rest when there was nothing to do for so long (R21). Only for a shell that vouches for its node with {@link Beats}, and gives
     * {@link Event.Unvouched}.
     */
    public void mayRestAfter(long nanos) {
        state.restAfterNanos = nanos;
    }

    /** From now on at most so many bytes of entries stay in memory when they need not; at first {@link ProtocolOptions#tailBytes()}. */
    public void keepInMemory(long bytes) {
        state.log.limitTail(bytes, state.apply.handedIndex());
    }

    /** From now on this group waits for a place among the others of its node before it gives the leadership to a preferred one (R23). */
    public void movesAmong(PreferredMoves moves) {
        preferredMoves = moves;
    }

    /** Whether time may stand still until something happens: no tick is needed (R21). */
    public boolean rests() {
        if (!begun || ended || stopping || transfer.isUnderWay() || membership.isUnderWay()) {
            return false;
        }
        return leading != null ? leading.rests() : following.restsUnder() != null && rest.isSettled();
    }

    /** The nodes of followers that rest under this leader, in order; empty if it does not lead. The same list as long as it is equal. */
    public List<NodeId> restsWith() {
        return leading == null || ended ? List.of() : leading.restsWith();
    }

    /** The node of the leader that this follower rests under; null if it does not rest. */
    public @Nullable NodeId restsUnder() {
        ReplicaId leader = leading != null || ended ? null : following.restsUnder();
        return leader == null ? null : leader.node();
    }

    /** What it is doing. */
    public Role role() {
        return state.role;
    }

    /** Highest epoch adopted. */
    public long epoch() {
        return state.highestEpoch;
    }

    /** History it belongs to; null while it has none. */
    public @Nullable UUID lineage() {
        return state.lineage;
    }

    /** Newest configuration known; null before the first. */
    public @Nullable Configuration configuration() {
        VersionedConfiguration known = agent.known();
        return known == null ? null : known.configuration();
    }

    /** Whether this replica is the only one in sync: what it alone holds would be out of reach if it were stopped (R13). */
    public boolean isLastCopy() {
        Configuration configuration = configuration();
        return configuration != null && configuration.inSync().equals(List.of(state.self));
    }

    /** Whether somebody could lead in this leader's place now (R18). */
    public boolean hasHeir() {
        return leading != null && !leading.heirs().isEmpty();
    }

    /** The others as this leader sees them; empty if it does not lead. */
    public List<FollowerStatus> followers() {
        return leading == null ? List.of() : leading.followerStatus();
    }

    /** Everything up to here is known to be committed. */
    public long commitIndex() {
        return state.commitIndex;
    }

    /** End of the log. */
    public long lastIndex() {
        return state.log.lastIndex();
    }

    /** Everything up to here is on disk. */
    public long durableIndex() {
        return state.log.durableIndex();
    }

    /**
     * Nothing that this core gives from now on has an entry up to here that it was once given itself: they are on disk and applied, and no longer in its memory. What is under way to other
     * replicas may have them yet.
     */
    public long settledIndex() {
        return Math.min(state.log.forgottenIndex(), state.apply.appliedIndex());
    }

    /** Tells what time it is; nothing that is due is looked for, as by an {@link Event.Tick}. For a core that was ticked a moment ago. */
    public void clock(long nowNanos, long wallClockMillis) {
        state.now = nowNanos;
        state.wallMillis = wallClockMillis;
    }

    /** Takes one event and gives what must be done, in order. The list is the caller's. */
    public List<Effect> step(Event event) {
        if (ended) {
            return List.of();
        }
        try {
            handle(event);
            transfer.advance(leading, transfer.isUnderWay() ? knownLeader() : null);
            membership.advance(leading);
            finishStop();
        } catch (Fault fault) {
            end(fault.why);
        } catch (InvariantViolation violation) {
            end("Invariant broken: " + violation.getMessage()
                    + ". This replica has stopped itself so that nothing wrong spreads; keep its data directory for analysis, "
                    + "and start it with an empty one to rebuild it from its peers");
        }
        tellStatus();
        membership.tellEnded(); // behind the status that it speaks of
        if (state.effects.isEmpty()) {
            return List.of();
        }
        List<Effect> effects = new ArrayList<>(state.effects);
        state.effects.clear();
        return effects;
    }

    private void handle(Event event) {
        if (event instanceof Event.Received received) {
            received(received.from(), received.message());
        } else if (event instanceof Event.Propose propose) {
            propose(propose.proposals());
        } else if (event instanceof Event.Persisted persisted) {
            persisted(persisted.writeId());
        } else if (event instanceof Event.Applied applied) {
            state.apply.applied(applied.index());
        } else if (event instanceof Event.Read read) {
            read(read.readIds());
        } else if (event instanceof Event.ReadLeased read) {
            if (leading != null) {
                leading.readLeased(read.readIds());
            } else {
                following.read(read.readIds(), knownLeader());
            }
        } else if (event instanceof Event.Tick tick) {
            tick(tick);
        } else if (event instanceof Event.Fetched fetched) {
            if (!state.apply.fetched(fetched) && leading != null) {
                leading.fetched(fetched);
            }
        } else if (event instanceof Event.PeerConnected peer) {
            connected(peer.peer());
        } else if (event instanceof Event.PeerDisconnected peer) {
            disconnected(peer.peer());
        } else if (event instanceof Event.PeerRefused peer) {
            refused(peer.peer());
        } else if (event instanceof Event.Receiving peer) {
            receiving(peer.peer());
        } else if (event instanceof Event.Unvouched peer) {
            unvouched(peer.peer(), peer.heardNanos());
        } else if (event instanceof Event.Transfer request) {
            transfer.ask(request, leading, knownLeader());
        } else if (event instanceof Event.ChangeMembers request) {
            membership.ask(request, leading, knownLeader());
        } else if (event instanceof Event.HoldFeatureLevel hold) {
            state.featureLevelHeld = hold.held();
        } else if (event instanceof Event.DiskRoom room) {
            state.disk.room(room);
        } else if (event instanceof Event.Ranks ranks) {
            state.preference.ranks(ranks);
        } else if (event instanceof Event.Start) {
            start();
        } else if (event instanceof Event.Stop) {
            stop();
        } else {
            handleStoreOrFailure(event);
        }
    }

    private void handleStoreOrFailure(Event event) {
        if (event instanceof Event.ConfigurationRead read) {
            configurationRead(read.configuration());
        } else if (event instanceof Event.ConfigurationUnavailable) {
            agent.unavailable();
        } else if (event instanceof Event.ConfigurationSeen seen) {
            if (begun) {
                agent.seen(seen.configuration());
                settle();
            }
        } else if (event instanceof Event.CasCompleted completed) {
            agent.casCompleted(completed);
            settle();
        } else if (event instanceof Event.BootRecorded recorded) {
            bootRecorded(recorded.highestBefore());
        } else if (event instanceof Event.BootUnavailable) {
            bootRetryNanos = state.now + state.options.casRetryNanos();
        } else if (event instanceof Event.DiskFailed failed) { // R15: no second try
            throw new Fault(
                    "Disk failed: " + failed.reason()
                            + ". Nothing was acknowledged that is not durable. Check the disk, then restart this node; its log is verified on start");
        } else if (event instanceof Event.ApplicationFailed failed) {
            throw new Fault("The application failed: " + failed.reason());
        } else if (event instanceof Event.SnapshotTaken taken) {
            state.snapshots.taken(
                    taken.position(),
                    taken.marginFrom(),
                    leading == null ? Long.MAX_VALUE : leading.feed().keepFrom());
        } else if (event instanceof Event.SnapshotReceived received) {
            snapshotReceived(received);
        } else if (event instanceof Event.SnapshotSendEnded sent) {
            if (leading != null) {
                leading.feed().ended(sent.to());
            }
        } else {
            throw new IllegalArgumentException("unknown event " + event);
        }
    }

    // ---- start

    private void start() {
        state.grants.started(state.now);
        state.effects.add(new Effect.RecordBoot(recovered.bootCounter()));
        agent.read();
    }

    private void bootRecorded(long highestBefore) {
        if (highestBefore >= recovered.bootCounter()) { // R12
            String evidence = highestBefore == ConfigurationStore.CONDEMNED
                    ? "that was found at an earlier start of " + state.self
                    : "this is start " + recovered.bootCounter() + " of " + state.self + ", but start " + highestBefore
                            + " was recorded before";
            throw new Fault("The data directory was rolled back or copied: " + evidence
                    + ". What it had acknowledged since may be missing. "
                    + "Start this node with an empty data directory; it is rebuilt from its peers");
        }
        bootRecorded = true;
        begin();
    }

    private void configurationRead(@Nullable VersionedConfiguration current) {
        agent.configurationRead(current, leading != null ? transfer.wantsAgain() : !begun || following.suspects());
        if (!begun && agent.proposal() == null) {
            first = current;
            configurationKnown = true;
            begin();
        }
        settle();
    }

    /** R12: compares disk and configuration, once, before anything is answered. */
    private void begin() {
        if (!bootRecorded || !configurationKnown || begun || ended) {
            return;
        }
        if (first == null) {
            bootstrap();
            return;
        }
        Configuration configuration = first.configuration();
        if (state.lineage != null && !state.lineage.equals(configuration.lineage())) {
            throw new Fault(
                    "The data directory belongs to lineage " + state.lineage + ", the group's configuration to lineage "
                            + configuration.lineage()
                            + ": its history was replaced by a forced recovery, or this is another group's data. "
                            + "Start this node with an empty data directory to follow the group");
        } else if (configuration.epoch() < state.highestEpoch) {
            throw new Fault(
                    "The group's configuration is at epoch " + configuration.epoch()
                            + ", but this replica has seen epoch " + state.highestEpoch
                            + ": the configuration store was rolled back or replaced. Restore it, or recover the group by force");
        } else {
            checkFeatureLevel(configuration);
            if (state.options.learner() && configuration.inSync().equals(List.of(state.self))) { // R22
                throw new Fault("This replica is the last one in sync, and is set to be a learner, which never leads: "
                        + "the group would have no leader. Start it without that setting, bring another replica in sync, "
                        + "and then start this one as a learner");
            }
            begun = true;
            following.heardNothingYet();
            if (state.highestEpoch < configuration.epoch() || state.lineage == null) {
                state.rememberEpoch(configuration.epoch(), configuration.lineage());
            }
            settle();
        }
    }

    /** R20: what is written at a higher level cannot be read here, so nothing may come. */
    private void checkFeatureLevel(Configuration configuration) {
        String refusal = FeatureLevels.refusal(configuration, state.options.featureLevel());
        if (refusal != null) {
            throw new Fault(refusal);
        }
        following.groupLevel(configuration.featureLevel());
    }

    private void bootstrap() {
        if (state.lineage != null || state.highestEpoch > 0 || state.log.lastIndex() > 0) { // R12
            throw new Fault("There is data of lineage " + state.lineage + " up to epoch " + state.highestEpoch
                    + " in the data directory, but the configuration store knows no such group. It points to the wrong cluster, or was wiped: "
                    + "correct the connect string, restore the store, or recover the group by force");
        }
        if (state.options.learner()) {
            return; // R22: somebody else has to found the group; this one looks again
        }
        agent.propose(
                ConfigurationStore.NOT_EXISTING,
                new Configuration(
                        state.ids.get(),
                        1,
                        state.self,
                        List.of(state.self),
                        state.options.minInSync(),
                        state.options.featureLevel(),
                        state.ids.get(),
                        "new group",
                        state.options.leases().periodNanos()));
    }

    // ---- configuration

    /** Called by the agent for every newer configuration. */
    private void configurationSeen(VersionedConfiguration seen) {
        Configuration configuration = seen.configuration();
        if (!begun) {
            if (agent.isOwn(configuration)) {
                begun = true;
                lead(seen);
            } else {
                first = seen;
                configurationKnown = true;
                begin();
            }
            return;
        }
        if (!configuration.lineage().equals(state.lineage)) {
            throw new Fault(
                    "The group's history was replaced: the configuration is now of lineage " + configuration.lineage()
                            + ", this replica's data of " + state.lineage
                            + ". Start this node with an empty data directory to follow the group");
        }
        checkFeatureLevel(configuration);
        nextTakeOverNanos = state.now; // R9: what kept it from leading was about an older one
        boolean own = agent.isOwn(configuration); // R1, R10: by the nonce
        boolean self = configuration.leader().equals(state.self);
        if (own && !self && configuration.epoch() >= state.highestEpoch) {
            transfer.won(seen); // R18; the new leader may have been heard before the store's answer
        }
        if (configuration.epoch() > state.highestEpoch) {
            if (self
                    && (own || leading == null) // R18: adopted for the first time now
                    && !state.options.learner()) { // R22
                lead(seen);
            } else {
                adopt(configuration.epoch());
                suspectIfRefused(configuration.leader().node());
            }
        }
    }

    private void lead(VersionedConfiguration won) {
        Leadership leadership = leading;
        if (leadership != null) {
            leadership.changed(won);
            return;
        }
        state.effects.add(new Effect.TakeOver(
                TakeOverStep.WON,
                won.configuration().epoch(),
                won.configuration().reason()));
        following.newEpoch();
        suspicionTold = false;
        leading = new Leadership(state, agent, won);
        leading.persisted();
        if (stopping) {
            leading.drain();
        }
    }

    /** R2: never again an answer to a lower epoch. */
    private void adopt(long epoch) {
        UUID lineage = state.lineage;
        if (epoch <= state.highestEpoch || lineage == null) {
            return;
        }
        stepDown("epoch " + epoch + " has begun");
        state.rememberEpoch(epoch, lineage);
        following.newEpoch();
        following.joinAgain();
    }

    private void stepDown(String why) {
        Leadership leadership = leading;
        if (leadership != null) {
            leadership.end();
            leading = null;
            following.newEpoch();
            state.become(Role.LEARNER, why);
        }
    }

    /** Who is gone since before it leads, as is known from a refused dial, need not be waited for. */
    private void suspectIfRefused(NodeId leader) {
        if (state.refused.contains(leader) && !state.connected.contains(leader)) {
            following.leaderGone();
            suspectLeader(leader + " leads by the configuration, but its process is gone");
        }
    }

    /** Brings the role of one that does not lead in line with what is known. */
    private void settle() {
        Configuration configuration = configuration();
        if (!begun || ended || leading != null || configuration == null) {
            return;
        }
        Role before = state.role;
        Role next =
                !configuration.isInSync(state.self) ? Role.LEARNER : proposesItself() ? Role.CANDIDATE : Role.FOLLOWER;
        if (next != before) {
            state.become(next, configuration.reason());
        }
        boolean letGo = suspicionTold && !following.suspects();
        if (next != Role.CANDIDATE && (before == Role.CANDIDATE || letGo)) {
            suspicionTold = false;
            state.effects.add(new Effect.TakeOver(
                    TakeOverStep.LOST,
                    state.highestEpoch,
                    "epoch " + configuration.epoch() + " is led by " + configuration.leader()));
        }
        following.join(joinTarget(configuration), configuration.isInSync(state.self));
        considerTakeOver();
    }

    /** And not another one, as one that led and has a transfer (R18) under way does. */
    private boolean proposesItself() {
        Configuration proposal = agent.proposal();
        return proposal != null && proposal.leader().equals(state.self);
    }

    private @Nullable ReplicaId joinTarget(Configuration configuration) {
        ReplicaId heard = following.leader();
        return heard != null ? heard : configuration.leader();
    }

    // ---- take-over

    private void suspectLeader(String why) {
        if (!following.suspects()) {
            following.suspect();
            Configuration configuration = configuration();
            if (configuration != null && configuration.isInSync(state.self)) {
                suspicionTold = true;
                state.effects.add(new Effect.TakeOver(TakeOverStep.SUSPECTED, state.highestEpoch, why));
            }
        }
        considerTakeOver();
    }

    /** R9: a member of the in-sync set that suspects the leader tries to replace it. */
    private void considerTakeOver() {
        VersionedConfiguration known = agent.known();
        boolean never = state.options.learner(); // R22
        if (!begun || stopping || leading != null || known == null || agent.proposal() != null || never) {
            return;
        }
        Configuration configuration = known.configuration();
        boolean oneself =
                configuration.leader().equals(state.self); // R11: a leadership is never resumed, only won again
        if (!configuration.isInSync(state.self) // R13
                || !(following.suspects() || oneself && everyoneIsHere(configuration))
                || state.now < nextTakeOverNanos
                || !oneself && mustWaitForOthers(configuration)) {
            return;
        }
        nextTakeOverNanos = state.now + state.options.casRetryNanos();
        if (configuration.epoch() != state.highestEpoch) {
            agent.read();
            return;
        }
        List<ReplicaId> inSync = following.reachableWithout(configuration.leader(), configuration.inSync());
        following.suspect();
        state.become(Role.CANDIDATE, "takes over from " + configuration.leader());
        state.effects.add(
                new Effect.TakeOver(TakeOverStep.PROPOSED, configuration.epoch() + 1, "in-sync set " + inSync));
        agent.propose(
                known.version(),
                state.successor(
                        configuration,
                        state.self,
                        inSync,
                        oneself && configuration.isForcedRecovery() // R13: what may be lost goes into the barrier
                                ? configuration.reason()
                                : "take-over from " + configuration.leader()));
    }

    /** R23: somebody else should rather lead, and is given a moment. */
    private boolean mustWaitForOthers(Configuration configuration) {
        long wait = state.preference.candidateWait(configuration, following.leaderIsGone());
        return wait > 0 && following.suspectedForNanos() < wait;
    }

    private boolean everyoneIsHere(Configuration configuration) {
        return following
                        .reachableWithout(configuration.leader(), configuration.inSync())
                        .size()
                == configuration.inSync().size();
    }

    // ---- peers

    private void connected(NodeId peer) {
        state.connected.add(peer);
        state.refused.remove(peer);
        state.heard.remove(peer);
        if (leading != null) {
            leading.connected(peer);
        } else {
            following.joinAgain();
            if (isLeader(peer)) {
                following.wake(state.now); // R21
            }
            settle();
        }
    }

    private void disconnected(NodeId peer) {
        state.connected.remove(peer);
        state.heard.remove(peer);
        if (leading != null) {
            leading.disconnected(peer);
        } else {
            if (isLeader(peer)) {
                following.failReads();
                following.wake(state.now); // R21
            }
            if (following.suspects()) {
                considerTakeOver(); // R23: whoever was let go first may be gone, too
            }
        }
    }

    /** R21: what rests with that node is on its own again. */
    private void unvouched(NodeId peer, long heardNanos) {
        if (leading != null) {
            leading.wake(peer, heardNanos);
        } else if (peer.equals(restsUnder())) {
            following.wake(heardNanos);
        }
    }

    private void refused(NodeId peer) {
        state.refused.add(peer);
        if (leading != null) {
            leading.refused(peer);
        } else if (begun && isLeader(peer) && !state.connected.contains(peer)) {
            following.leaderGone();
            suspectLeader(peer + " refuses connections: its process is gone");
        }
    }

    private boolean isLeader(NodeId peer) {
        ReplicaId heard = following.leader();
        Configuration configuration = configuration();
        return heard != null
                ? heard.node().equals(peer)
                : configuration != null && configuration.leader().node().equals(peer);
    }

    private void received(ReplicaId from, Message.OfCore message) {
        if (!begun) {
            return; // R12: nothing is answered before disk and configuration were compared; the sender asks again
        }
        if (from.equals(state.self)) {
            throw new InvariantViolation(
                    "a message from " + from + ", which is this replica itself: its data directory was copied");
        }
        state.heard.put(from.node(), from);
        Leadership leadership = leading;
        if (message instanceof Message.Append append) {
            append(from, append);
        } else if (message instanceof Message.Ack ack) {
            if (leadership != null) {
                leadership.acknowledged(from, ack);
            }
        } else if (message instanceof Message.Mismatch mismatch) {
            if (leadership != null) {
                leadership.mismatch(from, mismatch);
            }
        } else if (message instanceof Message.Stale stale) {
            if (stale.epoch() > state.highestEpoch) {
                agent.read(); // who leads, and whether it is us, only the configuration can tell
            }
        } else if (message instanceof Message.Join join) {
            join(from, join);
        } else if (message instanceof Message.Supports supports) {
            if (leadership != null) {
                leadership.supports(from, supports);
            }
        } else if (message instanceof Message.LacksRoom lack) {
            if (leadership != null) {
                leadership.lacksRoom(from, lack);
            }
        } else if (message instanceof Message.Rest question) {
            if (leadership == null && !stopping) {
                following.rest(from, question, rest);
            }
        } else if (message instanceof Message.Resting answer) {
            if (leadership != null) {
                leadership.resting(from, answer);
            }
        } else if (message instanceof Message.Goodbye goodbye) {
            goodbye(from, goodbye);
        } else if (message instanceof Message.Transferred transferred) {
            if (transferred.configuration().configuration().lineage().equals(state.lineage)) { // R12
                long epoch = transferred.configuration().configuration().epoch();
                state.grants.released(
                        from, epoch - 1); // R16, R18: the sender has taken no lease since it proposed this, and follows
                agent.seen(transferred.configuration());
                settle();
            }
        } else if (message instanceof Message.LeaseRequest request) {
            leaseRequested(from, request);
        } else if (message instanceof Message.LeaseGranted answer) {
            if (leadership != null) {
                leadership.leaseGranted(from, answer);
            }
        } else if (message instanceof Message.ReadIndexReply reply) {
            following.readIndex(reply);
        } else if (message instanceof Message.ReadIndexRequest request) {
            if (leadership != null) {
                leadership.readIndexRequested(from.node(), request.requestId());
            } else {
                state.send(from.node(), new Message.ReadIndexReply(request.requestId(), -1));
            }
        } else {
            throw new IllegalArgumentException("unknown message " + message);
        }
    }

    private void append(ReplicaId from, Message.Append append) {
        if (append.epoch() < state.highestEpoch) { // R2
            if (state.epochIsDurable()) {
                state.send(from.node(), new Message.Stale(state.highestEpoch));
            }
            return;
        }
        adopt(append.epoch());
        if (leading != null) {
            throw new InvariantViolation("two leaders in epoch " + append.epoch() + ": " + from + " and this replica");
        }
        following.append(from, append);
        Configuration configuration = configuration();
        if (configuration != null && configuration.epoch() < append.epoch() && state.now >= nextLookNanos) {
            nextLookNanos = state.now + state.options.heartbeatNanos();
            agent.read();
        }
    }

    /** R16: to the leader of the adopted epoch only, and not by one that is about to replace it. */
    private void leaseRequested(ReplicaId from, Message.LeaseRequest request) {
        if (leading == null
                && !stopping
                && agent.proposal() == null
                && request.epoch() == state.highestEpoch
                && request.periodNanos() > 0
                && request.periodNanos() <= LeaseOptions.LONGEST_NANOS
                && from.equals(following.leader())
                && state.epochIsDurable()) {
            state.grants.give(from, request.epoch(), state.now + request.periodNanos()); // before it is told
            state.send(from.node(), new Message.LeaseGranted(request.epoch(), request.sentNanos()));
        }
    }

    private void join(ReplicaId from, Message.Join join) {
        Leadership leadership = leading;
        boolean sameHistory =
                join.lineage().equals(NO_LINEAGE) || join.lineage().equals(state.lineage); // R12
        if (join.epoch() > state.highestEpoch) {
            agent.read();
        } else if (leadership != null && sameHistory && leadership.couldRead(join.featureLevel())) {
            leadership.join(from, join);
        }
    }

    private void goodbye(ReplicaId from, Message.Goodbye goodbye) {
        state.grants.released(from, goodbye.epoch()); // R16
        if (leading != null) {
            leading.goodbye(from);
        } else if (goodbye.epoch() == state.highestEpoch && isLeader(from.node())) {
            following.leaderGone();
            suspectLeader(from + " stops");
        }
    }

    // ---- work

    private void propose(List<? extends Proposed> proposals) {
        if (leading != null) {
            leading.propose(proposals);
        } else {
            state.effects.add(new Effect.Rejected(proposals, Effect.Rejection.NOT_LEADER));
        }
    }

    private void read(List<Long> readIds) {
        if (leading != null) {
            leading.read(readIds);
        } else {
            following.read(readIds, knownLeader());
        }
    }

    private void persisted(long writeId) {
        state.log.persisted(writeId);
        if (leading != null) {
            leading.persisted();
        } else {
            following.persisted();
        }
    }

    private void snapshotReceived(Event.SnapshotReceived received) {
        Configuration configuration = configuration();
        boolean inSync = configuration != null
                && configuration.epoch() == state.highestEpoch
                && configuration.isInSync(state.self);
        if (state.snapshots.received(received, inSync) && leading == null) {
            following.installed(received.position().index());
        }
    }

    private void tick(Event.Tick tick) {
        long timeout = state.options.failureTimeoutNanos();
        boolean paused = tick.nowNanos() - state.now > timeout / 2 && !rests(); // R21: nobody ticks one that rests
        state.now = tick.nowNanos();
        state.wallMillis = tick.wallClockMillis();
        agent.tick();
        state.disk.tick(paused);
        state.preference.tick(paused && begun);
        if (state.now >= bootRetryNanos) {
            bootRetryNanos = Long.MAX_VALUE;
            state.effects.add(new Effect.RecordBoot(recovered.bootCounter()));
        }
        if (leading != null) {
            leading.tick(paused);
            considerGivingUp(leading);
            considerPreferred(leading);
            return;
        }
        following.tick();
        if (paused && !following.suspects()) {
            following.heardNothingYet(); // the own pause says nothing about the leader
        }
        if (!begun && configurationKnown && state.options.learner() && state.now >= nextLookNanos) {
            nextLookNanos = state.now + timeout;
            agent.read(); // R22: somebody else has to found the group
        }
        if (begun && following.silentFor(timeout)) {
            if (state.now >= nextLookNanos) {
                nextLookNanos = state.now + timeout;
                agent.read(); // a learner, or one whose watch got lost, finds the new leader so
            }
            suspectLeader("nothing was heard from the leader for " + timeout / 1_000_000 + " ms");
        }
        settle();
    }

    /** R9: a long message is no silence. */
    private void receiving(NodeId peer) {
        Configuration configuration = configuration();
        if (leading == null
                && configuration != null
                && configuration.leader().node().equals(peer)) {
            following.receiving();
        }
    }

    /** R7, R15: a leader whose disk stalls or is full gives the leadership away before anybody has to take it. */
    private void considerGivingUp(Leadership leadership) {
        String why = transfer.isUnderWay() || state.now < nextGivingUpNanos ? null : leadership.whyGiveUp();
        if (why != null) {
            long timeout = state.options.failureTimeoutNanos();
            nextGivingUpNanos = state.now + 4 * timeout;
            transfer.askForItself(leadership, null, timeout, why);
        }
    }

    /** R23: who should rather lead, and could have for long enough. */
    private void considerPreferred(Leadership leadership) {
        NodeId heir = leadership.preferredHeir();
        if (heir != null
                && !transfer.isUnderWay()
                && leadership.mayTransfer()
                && preferredMoves.begin(transfer::isUnderWay, state.now, 3 * state.options.drainTimeoutNanos())) {
            state.preference.transferAsked();
            transfer.askForItself(leadership, heir, state.options.drainTimeoutNanos(), heir + " is preferred");
        }
    }

    // ---- end

    private void stop() {
        if (!stopping) {
            stopping = true;
            stopDeadlineNanos = state.now + state.options.drainTimeoutNanos();
        }
        if (leading != null) {
            leading.drain();
        }
    }

    /**
     * How a follower came to its end; null while commits wait for it: it goes on acknowledging until the leader, whom it has told, has removed it from the in-sync set,
     * so that nobody waits for the compare-and-set (R7).
     */
    private @Nullable String left() {
        Configuration configuration = configuration();
        NodeId leader = knownLeader();
        boolean counted = begun
                && configuration != null
                && configuration.isInSync(state.self)
                && leader != null
                && state.connected.contains(leader)
                && state.epochIsDurable()
                && state.now < stopDeadlineNanos;
        if (!counted || leader == null) {
            return "did not lead";
        }
        // again and again: the first one may have come while another change was under way
        if (state.now >= nextGoodbyeNanos) {
            nextGoodbyeNanos = state.now + state.options.heartbeatNanos();
            state.send(leader, new Message.Goodbye(state.highestEpoch));
        }
        return null;
    }

    private void finishStop() {
        if (!stopping || ended) {
            return;
        }
        Leadership leadership = leading;
        String how = leadership == null ? left() : leadership.drained();
        if (how == null) {
            return;
        }
        if (leadership != null) {
            leadership.sayGoodbye();
            leadership.end();
        } else {
            NodeId leader = knownLeader();
            if (leader != null && state.connected.contains(leader) && state.epochIsDurable()) {
                state.send(leader, new Message.Goodbye(state.highestEpoch));
            }
        }
        following.failReads();
        membership.end();
        ended = true;
        state.effects.add(new Effect.Stopped(how));
    }

    /** Stops for good. What this step had wanted to do is not done any more. */
    private void end(String why) {
        state.effects.clear();
        Leadership leadership = leading;
        if (leadership != null) {
            leadership.sayGoodbye(); // the others need not wait for silence
            leadership.end();
            leading = null;
        }
        following.failReads();
        membership.end();
        state.become(Role.FAULTED, why);
        ended = true;
        state.effects.add(new Effect.Faulted(why));
    }

    // ---- status

    private @Nullable NodeId knownLeader() {
        if (leading != null) {
            return state.self.node();
        }
        if (!begun || ended || following.suspects()) {
            return null;
        }
        ReplicaId heard = following.leader();
        if (heard != null) {
            return heard.node();
        }
        Configuration configuration = configuration();
        return configuration == null
                        || configuration.epoch() != state.highestEpoch
                        || configuration.leader().node().equals(state.self.node())
                ? null
                : configuration.leader().node();
    }

    private void tellStatus() {
        Effect.StatusChanged status =
                new Effect.StatusChanged(state.role, state.highestEpoch, knownLeader(), configuration(), state.reason);
        Effect.StatusChanged before = lastStatus;
        if (before == null
                || before.role() != status.role()
                || before.epoch() != status.epoch()
                || before.configuration() != status.configuration()
                || !Objects.equals(before.leader(), status.leader())) {
            lastStatus = status;
            state.effects.add(status);
        }
    }
}
