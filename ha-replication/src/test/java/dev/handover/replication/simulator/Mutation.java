package dev.handover.replication.simulator;

import java.util.List;

/**
 * A small change to the core that breaks one rule.
 *
 * @param rule of docs/protocol.md
 * @param name short, unique; also that of a directory
 * @param what what the changed core does, in words
 * @param file of the protocol package
 * @param snippet text that occurs there exactly once
 * @param replacement what stands there instead
 */
public record Mutation(String rule, String name, String what, String file, String snippet, String replacement) {
    /** All of them. */
    public static final List<Mutation> ALL = List.of(
            new Mutation(
                    "R2",
                    "r2-stale-append",
                    "takes appends of epochs below the adopted one",
                    "ReplicaProtocol.java",
                    "if (append.epoch() < state.highestEpoch) { // R2",
                    "if (append.epoch() + 1 < state.highestEpoch) {"),
            new Mutation(
                    "R2",
                    "r2-epoch-not-forced",
                    "answers and sends in an epoch that is not on disk yet",
                    "ReplicaState.java",
                    "return log.durableEpoch() >= highestEpoch;",
                    "return true;"),
            new Mutation(
                    "R3",
                    "r3-length-only",
                    "takes entries wherever its log is long enough, whatever stands there",
                    "Followership.java",
                    "if (state.log.epochAt(append.prevIndex()) != append.prevEpoch()) { // R3",
                    "if (append.prevIndex() > state.log.lastIndex()) {"),
            new Mutation(
                    "R3",
                    "r3-snapshot-by-length",
                    "takes a log that is as long as the snapshot for one that agrees with it",
                    "SnapshotKeeping.java",
                    "if (state.log.epochAt(position.index()) == position.epoch()) { // R3",
                    "if (position.index() <= state.log.lastIndex()) { // R3"),
            new Mutation(
                    "R4",
                    "r4-installed-not-durable",
                    "counts the old log's end as durable while a snapshot takes its place",
                    "ReplicaLog.java",
                    "        durableIndex = 0; // nothing of the new log, until this write is durable\n",
                    ""),
            new Mutation(
                    "I9",
                    "i9-old-snapshot",
                    "installs a snapshot that is behind what it knows to be committed",
                    "SnapshotKeeping.java",
                    "if (position.index() <= state.commitIndex) {",
                    "if (position.index() < 0) {"),
            new Mutation(
                    "R4",
                    "r4-own-end",
                    "acknowledges the end of its own log, compared with the leader's or not",
                    "Followership.java",
                    "Math.min(state.log.durableIndex(), matched); // R4",
                    "state.log.durableIndex();"),
            new Mutation(
                    "R4",
                    "r4-not-durable",
                    "acknowledges what is not durable",
                    "Followership.java",
                    "Math.min(state.log.durableIndex(), matched); // R4",
                    "matched;"),
            new Mutation(
                    "R4",
                    "r4-older-epoch",
                    "counts acknowledgements of earlier epochs",
                    "Leadership.java",
                    "if (follower == null || ack.epoch() != configuration.epoch()) { // R4: exact epoch, exact identity",
                    "if (follower == null || ack.epoch() > configuration.epoch()) {"),
            new Mutation(
                    "R4",
                    "r4-keeps-counting",
                    "keeps what was acknowledged to it in an earlier epoch",
                    "FollowerProgress.java",
                    "    void newEpoch() {\n        match = 0;",
                    "    void newEpoch() {"),
            new Mutation(
                    "R5",
                    "r5-min-in-sync",
                    "commits with fewer than minInSync",
                    "Leadership.java",
                    "if (configuration.inSync().size() < configuration.minInSync() || held < barrierIndex) { // R5",
                    "if (held < barrierIndex) {"),
            new Mutation(
                    "R6",
                    "r6-no-union",
                    "while an expansion is in doubt, only the old in-sync set counts",
                    "Leadership.java",
                    "needed.addAll(proposal.inSync()); // R6",
                    "needed.addAll(configuration.inSync());"),
            new Mutation(
                    "R6",
                    "r6-two-changes",
                    "proposes a change while another one is under way",
                    "Leadership.java",
                    "if (agent.proposal() != null || !state.epochIsDurable()) { // R6",
                    "if (!state.epochIsDurable()) {"),
            new Mutation(
                    "R7",
                    "r7-at-once",
                    "commits without the removed follower before the removal is confirmed",
                    "Leadership.java",
                    "needed = new TreeSet<>(configuration.inSync());",
                    "needed = new TreeSet<>(proposal == null ? configuration.inSync() : proposal.inSync());"),
            new Mutation(
                    "R7",
                    "r7-policy-no-hysteresis",
                    "takes somebody again at once, however often it was removed",
                    "InSyncPolicy.java",
                    "return penalty != null && state.now < penalty.untilNanos;",
                    "return penalty != null && state.now < 0;"),
            new Mutation(
                    "R7",
                    "r7-policy-waits-for-the-stuck",
                    "waits for a follower whose disk does nothing",
                    "InSyncPolicy.java",
                    "return \"stuck\";",
                    "return null;"),
            new Mutation(
                    "R7",
                    "r7-policy-waits-for-the-silent",
                    "waits for a follower that is not heard",
                    "InSyncPolicy.java",
                    "return longEnough ? \"silent\" : null;",
                    "return null;"),
            new Mutation(
                    "R7",
                    "r7-policy-leads-on",
                    "goes on leading while its own disk does nothing",
                    "InSyncPolicy.java",
                    "return state.disk.stoodStillNanos() > state",
                    "return state.disk.stoodStillNanos() < 0 && 0 < state"),
            new Mutation(
                    "R8",
                    "r8-before-barrier",
                    "expands before everybody in sync holds its barrier",
                    "Leadership.java",
                    "if (!reconciled) { // R8: not before the own barrier",
                    "if (state.log.lastIndex() < 0) {"),
            new Mutation(
                    "R8",
                    "r8-not-caught-up",
                    "admits a learner that lacks what is committed",
                    "Leadership.java",
                    "if (learner.counted && learner.match >= mustHold",
                    "if (learner.counted && learner.match + 2 >= mustHold"),
            new Mutation(
                    "R10",
                    "r10-taken-for-lost",
                    "takes a compare-and-set without an answer for one that did not happen",
                    "ConfigurationAgent.java",
                    "inDoubt = true; // R10: nothing is assumed until a read tells",
                    "proposal = null;"),
            new Mutation(
                    "R10",
                    "r10-taken-for-done",
                    "takes a compare-and-set without an answer for one that happened",
                    "ConfigurationAgent.java",
                    "inDoubt = true; // R10: nothing is assumed until a read tells",
                    "seen(new VersionedConfiguration(proposal, proposalVersion + 1));"),
            new Mutation(
                    "R10",
                    "r10-by-name",
                    "knows its own proposal by the leader's name and not by the nonce",
                    "ConfigurationAgent.java",
                    "return proposal != null && proposal.nonce().equals(configuration.nonce());",
                    "return configuration.leader().equals(state.self);"),
            new Mutation(
                    "R10",
                    "r10-older-read",
                    "resolves a doubt by a read that was asked for before the doubt",
                    "ConfigurationAgent.java",
                    "if (open != null && inDoubt && !readAgain) {",
                    "if (open != null && inDoubt) {"),
            new Mutation(
                    "R11",
                    "r11-resumes",
                    "resumes its leadership after a restart",
                    "ReplicaProtocol.java",
                    "            following.heardNothingYet();\n            if (state.highestEpoch <",
                    "            following.heardNothingYet();\n            if (configuration.leader().equals(state.self)) {\n"
                            + "                lead(first);\n                return;\n            }\n            if (state.highestEpoch <"),
            new Mutation(
                    "R12",
                    "r12-rolled-back",
                    "starts with a disk that was rolled back",
                    "ReplicaProtocol.java",
                    "if (highestBefore >= recovered.bootCounter()) { // R12",
                    "if (highestBefore < 0) {"),
            new Mutation(
                    "R13",
                    "r13-outsider",
                    "takes over without being in sync",
                    "ReplicaProtocol.java",
                    "if (!configuration.isInSync(state.self) // R13\n                || ",
                    "if ("),
            new Mutation(
                    "R16",
                    "r16-no-round",
                    "answers reads without asking anybody",
                    "Leadership.java",
                    "reads.confirm(confirmed);",
                    "reads.confirm(Long.MAX_VALUE);"),
            new Mutation(
                    "R16",
                    "r16-any-member",
                    "answers reads when one other member has confirmed",
                    "Leadership.java",
                    "        long confirmed = Long.MAX_VALUE;\n",
                    "        long confirmed = needed().isEmpty() ? Long.MAX_VALUE : 0;\n        for (ReplicaId id : needed()) {\n"
                            + "            FollowerProgress any = followers.get(id);\n"
                            + "            confirmed = Math.max(confirmed, any == null ? 0 : any.ackedRound);\n        }\n"
                            + "        reads.confirm(confirmed);\n        confirmed = Long.MAX_VALUE;\n"),
            new Mutation(
                    "R16",
                    "r16-older-messages",
                    "counts answers to messages that were sent before the read came",
                    "ReadConfirmation.java",
                    "        round++;\n",
                    "        round = 1;\n"),
            new Mutation(
                    "R16",
                    "r16-before-barrier",
                    "answers reads before its barrier has committed",
                    "Leadership.java",
                    "        if (!serving) {\n            if (reconciled",
                    "        if (state.log.lastIndex() < 0) {\n            if (reconciled"),
            new Mutation(
                    "R16",
                    "r16-lease-from-receipt",
                    "reckons a grant from when it comes, not from when it was asked for",
                    "Leadership.java",
                    "follower.granted(answer.sentNanos());",
                    "follower.granted(state.now);"),
            new Mutation(
                    "R16",
                    "r16-lease-not-all",
                    "relies on the grants of those who have given one",
                    "Leases.java",
                    "            if (follower == null || !follower.granted) {\n                return null;\n            }\n",
                    "            if (follower == null || !follower.granted) {\n                continue;\n            }\n"),
            new Mutation(
                    "R16",
                    "r16-lease-no-drift",
                    "allows for no drift between clocks",
                    "LeaseOptions.java",
                    "(periodInForce * (1 - drift))",
                    "periodInForce"),
            new Mutation(
                    "R16",
                    "r16-lease-new-leader-does-not-wait",
                    "commits and admits as a new leader while its own grant to the old one is running",
                    "Leadership.java",
                    "if (!reconciled && !state.grants.lapsed(state.now, configuration.leaseNanos())) {",
                    "if (state.log.lastIndex() < 0) {"),
            new Mutation(
                    "R16",
                    "r16-lease-admits-while-waiting",
                    "commits nothing while its grants are running, but admits others, who have granted nothing",
                    "Leadership.java",
                    "        if (!reconciled && !state.grants.lapsed(state.now, configuration.leaseNanos())) {",
                    "        boolean before = reconciled;\n        reconciled = true;\n"
                            + "        if (!before && !state.grants.lapsed(state.now, configuration.leaseNanos())) {\n"
                            + "            return;\n        }\n"
                            + "        if (!serving && !state.grants.lapsed(state.now, configuration.leaseNanos())) {"),
            new Mutation(
                    "R16",
                    "r16-lease-restarted-granter",
                    "does not wait for grants that an earlier process of its own may have given",
                    "Grants.java",
                    "return given.isEmpty() && forgottenLapsed;",
                    "return given.isEmpty();"),
            new Mutation(
                    "R16",
                    "r16-lease-unchecked-after",
                    "does not look at the clock after a read was executed",
                    "Lease.java",
                    "return term > droppedTerm && nowNanos - untilNanos < 0; // R16",
                    "return term > droppedTerm;"),
            new Mutation(
                    "R16",
                    "r16-lease-not-dropped",
                    "relies on a lease after a change of the configuration was proposed",
                    "Lease.java",
                    "return term > droppedTerm && nowNanos - untilNanos < 0; // R16",
                    "return nowNanos - untilNanos < 0;"),
            new Mutation(
                    "R16",
                    "r16-lease-in-doubt",
                    "takes leases from the old in-sync set while a change is in doubt",
                    "Leadership.java",
                    "drainDeadlineNanos == Long.MAX_VALUE && agent.proposal() == null // R6\n"
                            + "                ? state.leases.current(configuration, needed(), followers)",
                    "drainDeadlineNanos == Long.MAX_VALUE\n                ? state.leases.current(configuration,"
                            + " new TreeSet<>(followers.keySet().stream().filter(configuration::isInSync).toList()), followers)"),
            new Mutation(
                    "R16",
                    "r16-lease-late-goodbye",
                    "takes a goodbye for one of every epoch",
                    "Grants.java",
                    "if (grant != null && grant.epoch <= epoch) {",
                    "if (grant != null) {"),
            new Mutation(
                    "R17",
                    "r17-applied-twice",
                    "applies a command of a session again",
                    "Sessions.java",
                    "if (earlier != null) { // R17",
                    "if (earlier != null && earlier.length == 0) {"),
            new Mutation(
                    "R17",
                    "r17-late-copy",
                    "applies a late copy of a command whose caller has its answer",
                    "Sessions.java",
                    "if (entry.sequence() < session.answeredBelow) {",
                    "if (entry.sequence() < 0) {"),
            new Mutation(
                    "R18",
                    "r18-adopted-before",
                    "leads an epoch that names it though it had adopted it before, as an earlier process",
                    "ReplicaProtocol.java",
                    "state.rememberEpoch(configuration.epoch(), configuration.lineage());\n            }\n            settle();",
                    "state.rememberEpoch(configuration.epoch(), configuration.lineage());\n            }\n"
                            + "            if (configuration.leader().equals(state.self)) {\n                lead(first);\n            }\n"
                            + "            settle();"),
            new Mutation(
                    "R18",
                    "r18-goes-on",
                    "goes on leading after its transfer is stored, as after any change of its own",
                    "ReplicaProtocol.java",
                    "if (self\n                    && (own || leading == null) // R18",
                    "if ((own || self && leading == null) // R18"),
            new Mutation(
                    "R18",
                    "r18-not-caught-up",
                    "proposes a target that does not hold everything yet",
                    "Transfer.java",
                    "if (asked && heir.match >= mustHold &&",
                    "if (asked &&"),
            new Mutation(
                    "R18",
                    "r18-outsider",
                    "takes a learner for an heir, and into the in-sync set with it",
                    "Leadership.java",
                    "        for (ReplicaId member : configuration.inSync()) {\n            FollowerProgress follower = followers.get(member);\n"
                            + "            if (follower != null\n                    && isCurrent(follower)",
                    "        for (ReplicaId member : followers.keySet()) {\n            FollowerProgress follower = followers.get(member);\n"
                            + "            if (follower != null\n                    && isCurrent(follower)"),
            new Mutation(
                    "R18",
                    "r18-tells-too-early",
                    "tells the target that it leads before the compare-and-set is confirmed",
                    "Transfer.java",
                    "        agent.propose(known.version(), next);\n",
                    "        agent.propose(known.version(), next);\n"
                            + "        state.send(heir.node(), new Message.Transferred(new VersionedConfiguration(next, known.version() + 1)));\n"),
            new Mutation(
                    "R21",
                    "r21-never-woken",
                    "rests on though nobody vouches for its leader any more",
                    "Followership.java",
                    "        if (resting) {\n            resting = false;\n            lastHeardNanos = heardNanos;",
                    "        if (resting && heardNanos < 0) {\n            resting = false;\n            lastHeardNanos = heardNanos;"),
            new Mutation(
                    "R19",
                    "r19-time-goes-back",
                    "stamps commands with its own wall clock, even if that is behind the log's",
                    "Leadership.java",
                    "        long timestamp = Math.max(state.wallMillis, state.log.lastTimestamp()); // R19\n"
                            + "        List<LogEntry> entries",
                    "        long timestamp = state.wallMillis;\n        List<LogEntry> entries"),
            new Mutation(
                    "R20",
                    "r20-raises-too-early",
                    "raises the feature level although others cannot read it",
                    "FeatureLevels.java",
                    "common = Math.min(common, follower.featureLevel); // R20: every one of them, and it has said so itself",
                    "common = Math.max(common, follower.featureLevel);"),
            new Mutation(
                    "R20",
                    "r20-writes-above",
                    "writes an entry above the group's level",
                    "FeatureLevels.java",
                    "if (configuration.featureLevel() < BARRIER_REASON) { // R20",
                    "if (configuration.featureLevel() < 0) {"),
            new Mutation(
                    "R22",
                    "r22-learner-admitted",
                    "takes a learner by its own setting into the in-sync set",
                    "InSyncPolicy.java",
                    "follower.learner ? \"is a learner by its own setting\" : null;",
                    "null;"),
            new Mutation(
                    "R22",
                    "r22-removed-admitted",
                    "takes a replica of a removed node for a learner, and into the in-sync set",
                    "Leadership.java",
                    "        if (configuration.isRemoved(from.node())) { // R22\n            return;\n        }\n",
                    ""),
            new Mutation(
                    "R22",
                    "r22-forgotten",
                    "forgets with every change of the in-sync set who was removed",
                    "ReplicaState.java",
                    "                why,\n                base.leaseNanos(),\n                base.removed());",
                    "                why,\n                base.leaseNanos(),\n                List.of());"),
            new Mutation(
                    "R22",
                    "r22-below-min",
                    "removes a member although fewer than minInSync are left",
                    "Membership.java",
                    "left < configuration.minInSync() // R5",
                    "left < 1"),
            new Mutation(
                    "I13",
                    "i13-late-goodbye",
                    "believes a late goodbye of an earlier process for ever",
                    "Leadership.java",
                    "            follower.goodbye = false; // that was an earlier process of the node, and its word came late\n",
                    ""),
            new Mutation(
                    "R15",
                    "r15-leads-on",
                    "goes on leading without room on its disk while others have some",
                    "Leadership.java",
                    "return full ? \"the own disk has no room\" : null;",
                    "return null;"),
            new Mutation(
                    "R15",
                    "r15-given-back",
                    "is given the leadership because it is preferred, though it has no room",
                    "Leadership.java",
                    "? state.preference.due(heirsWithRoom())",
                    "? state.preference.due(heirs())"),
            new Mutation(
                    "R23",
                    "r23-hurries",
                    "takes over though a preferred one is there",
                    "Preference.java",
                    "return (letsGoFirst ? timeout / 4 : 0)",
                    "return (letsGoFirst ? 0 : 0)"),
            new Mutation(
                    "R23",
                    "r23-waits-on",
                    "waits for a preferred one that does not take over",
                    "Preference.java",
                    "return (letsGoFirst ? timeout / 4 : 0)",
                    "return (letsGoFirst ? 40 * timeout : 0)"),
            new Mutation(
                    "R23",
                    "r23-never-back",
                    "never gives the leadership to a preferred one",
                    "Preference.java",
                    "return state.now - betterSinceNanos >= waitNanos() ? best.id.node() : null;",
                    "return null;"),
            new Mutation(
                    "R23",
                    "r23-no-patience",
                    "gives a preferred one the leadership as soon as it is in sync",
                    "Preference.java",
                    "return (PATIENCE * state.options.failureTimeoutNanos()) << doublings;",
                    "return 0;"),
            new Mutation(
                    "R23",
                    "r23-flaps",
                    "gives it to one that fails each time as often as it comes back",
                    "Preference.java",
                    "doublings = Math.min(doublings + 1, MOST_DOUBLINGS);",
                    "doublings = 0;"),
            new Mutation(
                    "R23",
                    "r23-unwell-hurries",
                    "takes over as fast when it is unwell as when it is well",
                    "Preference.java",
                    "(betterOff ? timeout : 0);",
                    "(betterOff ? 0 : 0);"));

    String applyTo(String source) {
        int at = source.indexOf(snippet);
        if (at < 0 || source.indexOf(snippet, at + 1) >= 0) {
            throw new IllegalStateException("mutation " + name + ": its snippet occurs "
                    + (at < 0 ? "nowhere" : "more than once") + " in " + file
                    + "; the core has changed, so write the mutation anew: " + snippet);
        }
        return source.substring(0, at) + replacement + source.substring(at + snippet.length());
    }
}
