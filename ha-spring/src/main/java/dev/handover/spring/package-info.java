/**
 * Spring Boot auto-configuration: with {@code handover.zookeeper.connect-string} and a few more properties an application has a
 * {@link dev.handover.replication.HaNode} to inject.
 */
@NullMarked
package dev.handover.spring;

import org.jspecify.annotations.NullMarked;
