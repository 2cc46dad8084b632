/** What operators' tools ask running nodes. */
@NullMarked
package dev.handover.replication.admin;

import org.jspecify.annotations.NullMarked;
