/** What a replica keeps on disk: its identity, its small state, and its log. */
@NullMarked
package dev.handover.replication.storage;

import org.jspecify.annotations.NullMarked;
