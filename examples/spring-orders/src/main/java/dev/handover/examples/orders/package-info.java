/** Orders that survive any one instance: a Spring Boot application with a replicated state machine, and a job that only the leader does. */
@NullMarked
package dev.handover.examples.orders;

import org.jspecify.annotations.NullMarked;
