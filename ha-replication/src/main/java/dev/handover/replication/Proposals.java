package dev.handover.replication;

import dev.handover.NodeId;
import dev.handover.replication.protocol.Effect.Rejection;
import dev.handover.replication.protocol.LogEntry;
import dev.handover.replication.protocol.Message;
import dev.handover.replication.protocol.Message.Reply;
import dev.handover.replication.protocol.Message.Status;
import dev.handover.replication.protocol.Proposal;
import dev.handover.replication.protocol.Proposed;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/** While this replica leads: who waits for which proposal, and for which entry of the log, of this node's callers and of others'. Belongs to the loop. */
final class Proposals {
    private static final byte[] NOTHING = {};

    /** Entries from {@code firstIndex} on, and who waits for each. */
    private record Run(long firstIndex, long epoch, Origin[] origins) {
        long endIndex() {
            return firstIndex + origins.length;
        }

        /** Epochs never go down along the log. */
        boolean isExactly(List<LogEntry> entries) {
            LogEntry first = entries.get(0);
            return first.index() == firstIndex
                    && entries.size() == origins.length
                    && first.epoch() == epoch
                    && entries.get(entries.size() - 1).epoch() == epoch;
        }
    }

    private final Replica replica;
    private final LongMap<Origin> proposed = new LongMap<>();
    private final Deque<Run> accepted = new ArrayDeque<>();
    private Map<NodeId, List<Reply>> replies = new LinkedHashMap<>();
    private final List<Proposal> forwarded = new ArrayList<>();

    Proposals(Replica replica) {
        this.replica = replica;
    }

    /** Commands from a node that believes that this one leads. */
    void forwarded(NodeId from, Message.Forward forward, boolean leads) {
        if (leads) {
            take(from, forward);
        } else {
            refuse(from, forward, Status.NOT_LEADER);
        }
    }

    private void take(NodeId from, Message.Forward forward) {
        for (Proposal p : forward.proposals()) {
            long tag = replica.nextTag();
            proposed.put(tag, new Origin.Forwarded(from, p.tag()));
            forwarded.add(new Proposal(tag, p.kind(), p.sessionId(), p.sequence(), p.answeredBelow(), p.payload()));
        }
    }

    private void refuse(NodeId from, Message.Forward forward, Status status) {
        for (Proposal p : forward.proposals()) {
            answer(from, new Reply(p.tag(), status, NOTHING));
        }
    }

    private void answer(NodeId to, Reply reply) {
        List<Reply> waiting = replies.get(to);
        if (waiting == null) { // and no lambda: this runs first when a leader has just been replaced
            waiting = new ArrayList<>();
            replies.put(to, waiting);
        }
        waiting.add(reply);
    }

    /** What other nodes sent and the core shall have; the list is empty afterwards. */
    void drainTo(List<Proposed> proposals) {
        if (!forwarded.isEmpty()) {
            proposals.addAll(forwarded);
            forwarded.clear();
        }
    }

    /** This node's own command goes to the core. */
    void proposed(Submission submission) {
        proposed.put(submission.tag, submission);
    }

    void accepted(List<? extends Proposed> proposals, long firstIndex, long epoch) {
        while (!accepted.isEmpty() && accepted.getLast().endIndex() > firstIndex) {
            lost(accepted.removeLast()); // cut off the log meanwhile
        }
        Origin[] origins = new Origin[proposals.size()];
        for (int i = 0; i < origins.length; i++) {
            Origin origin = proposed.remove(proposals.get(i).tag());
            if (origin == null) {
                throw new IllegalStateException("the core accepted a proposal twice: "
                        + proposals.get(i).tag());
            }
            origins[i] = origin;
        }
        accepted.add(new Run(firstIndex, epoch, origins));
    }

    void rejected(List<? extends Proposed> proposals, Rejection reason, BiConsumer<Submission, Rejection> own) {
        for (Proposed p : proposals) {
            Origin origin = proposed.remove(p.tag());
            if (origin instanceof Submission submission) {
                own.accept(submission, reason);
            } else if (origin instanceof Origin.Forwarded f) {
                Status status =
                        switch (reason) {
                            case NOT_LEADER, NOT_YET -> Status.NOT_LEADER;
                            case OVERLOADED -> Status.OVERLOADED;
                            case TOO_FEW_IN_SYNC -> Status.TOO_FEW_IN_SYNC;
                        };
                answer(f.node(), new Reply(f.tag(), status, NOTHING));
            }
        }
    }

    /** The entries are committed: who waits for each, in the same order; null for nobody at all. */
    @Nullable
    Origin @Nullable [] waitingFor(List<LogEntry> entries) {
        if (accepted.isEmpty()) {
            return null;
        }
        if (accepted.getFirst().isExactly(entries)) { // what was proposed together is mostly committed together
            return accepted.remove().origins;
        }
        @Nullable Origin @Nullable [] waiting = null;
        for (int i = 0; i < entries.size(); i++) {
            LogEntry entry = entries.get(i);
            Run run = accepted.peek();
            while (run != null && run.endIndex() <= entry.index()) {
                accepted.remove();
                run = accepted.peek();
            }
            if (run == null) {
                break;
            }
            if (entry.index() < run.firstIndex) {
                continue;
            }
            if (entry.epoch() != run.epoch) {
                lost(accepted.remove()); // another leader's entry stands there
                continue;
            }
            if (waiting == null) {
                waiting = new Origin[entries.size()];
            }
            waiting[i] = run.origins[(int) (entry.index() - run.firstIndex)];
        }
        Run last = accepted.peek();
        if (last != null && last.endIndex() <= entries.get(entries.size() - 1).index() + 1) {
            accepted.remove();
        }
        return waiting;
    }

    /** This replica leads no more: the next leader answers. */
    void lost() {
        Run run;
        while ((run = accepted.poll()) != null) {
            lost(run);
        }
        for (Proposal p : forwarded) {
            if (proposed.remove(p.tag()) instanceof Origin.Forwarded f) {
                answer(f.node(), new Reply(f.tag(), Status.NOT_LEADER, NOTHING));
            }
        }
        forwarded.clear();
    }

    private void lost(Run run) {
        for (Origin origin : run.origins) {
            if (origin instanceof Submission submission) {
                replica.commands().lostHere(submission);
            } else if (origin instanceof Origin.Forwarded f) {
                answer(f.node(), new Reply(f.tag(), Status.NOT_LEADER, NOTHING));
            }
        }
    }

    /** Sends the refusals that have gathered. */
    void flush() {
        if (replies.isEmpty()) {
            return;
        }
        Map<NodeId, List<Reply>> now = replies;
        replies = new LinkedHashMap<>();
        for (Map.Entry<NodeId, List<Reply>> to : now.entrySet()) {
            replica.reply(to.getKey(), to.getValue());
        }
    }
}
