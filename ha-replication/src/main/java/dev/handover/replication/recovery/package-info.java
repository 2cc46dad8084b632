/** An operator's last resorts. */
@NullMarked
package dev.handover.replication.recovery;

import org.jspecify.annotations.NullMarked;
