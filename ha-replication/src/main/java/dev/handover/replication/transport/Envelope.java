package dev.handover.replication.transport;

import dev.handover.GroupId;
import dev.handover.ReplicaId;
import dev.handover.replication.protocol.Message;

/** A message of one group, with who sent it: node and log. */
public record Envelope(GroupId group, ReplicaId from, Message message) {}
