/**
 * What a replica keeps on disk: its identity, its small state, and its log. {@link dev.handover.replication.storage.LogStore} is the port,
 * {@link dev.handover.replication.storage.SegmentedLog} the implementation; the format is told in {@code docs/log-format.md}.
 */
@NullMarked
package dev.handover.replication.storage;

import org.jspecify.annotations.NullMarked;
