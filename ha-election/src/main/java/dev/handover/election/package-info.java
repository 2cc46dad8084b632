/** Leadership without a log: {@link dev.handover.election.LeaderElection}. */
@NullMarked
package dev.handover.election;

import org.jspecify.annotations.NullMarked;
