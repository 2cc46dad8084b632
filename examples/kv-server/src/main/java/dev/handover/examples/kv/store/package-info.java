/** What is replicated: the keys and values, and the commands on them as the log carries them. Knows nothing of RESP. */
@NullMarked
package dev.handover.examples.kv.store;

import org.jspecify.annotations.NullMarked;
