package dev.handover.replication;

import dev.handover.NodeId;

/** Who waits for a proposal: a caller on this node, or another node that forwarded it. */
sealed interface Origin permits Submission, Origin.Forwarded {
    /** A command that came from another node, which knows it by its own tag. */
    record Forwarded(NodeId node, long tag) implements Origin {}
}
