/** What an application knows about who leads, whether an election or a replicated log decides it. */
@NullMarked
package dev.handover.leadership;

import org.jspecify.annotations.NullMarked;
