package dev.handover.spring;

import dev.handover.election.LeaderElection;
import dev.handover.replication.HaNode;
import dev.handover.replication.ReplicatedLog;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.BeanFactory;
import org.springframework.beans.factory.ListableBeanFactory;
import org.springframework.beans.factory.NoSuchBeanDefinitionException;
import org.springframework.beans.factory.UnsatisfiedDependencyException;
import org.springframework.boot.diagnostics.AbstractFailureAnalyzer;
import org.springframework.boot.diagnostics.FailureAnalysis;
import org.springframework.core.Ordered;
import org.springframework.core.annotation.Order;
import org.springframework.core.env.Environment;

/** Says what is not set when an application wants a bean that the starter would give; Spring Boot itself would ask for one of the application's own. */
@Order(Ordered.HIGHEST_PRECEDENCE)
final class MissingBeanAnalyzer extends AbstractFailureAnalyzer<NoSuchBeanDefinitionException> {
    private final Environment environment;
    private final boolean configured;

    MissingBeanAnalyzer(BeanFactory beans, Environment environment) {
        this.environment = environment;
        configured = beans instanceof ListableBeanFactory all
                && all.getBeanNamesForType(HandoverProperties.class, true, false).length > 0;
    }

    @Override
    protected @Nullable FailureAnalysis analyze(Throwable rootFailure, NoSuchBeanDefinitionException cause) {
        Class<?> wanted = cause.getResolvableType() == null
                ? null
                : cause.getResolvableType().resolve();
        if (wanted != ReplicatedLog.class && wanted != HaNode.class && wanted != LeaderElection.class) {
            return null;
        }
        UnsatisfiedDependencyException by = findCause(rootFailure, UnsatisfiedDependencyException.class);
        String what = (by == null ? "Somebody" : "Bean '" + by.getBeanName() + "'") + " wants a "
                + wanted.getSimpleName() + ", and ";
        if (!environment.getProperty("handover.enabled", Boolean.class, true)) {
            return analysis(
                    what + "handover.enabled is false", "Leave handover.enabled out, or the bean.", rootFailure);
        }
        if (!configured) {
            return analysis(
                    what
                            + "Handover is not configured: neither handover.zookeeper.connect-string nor handover.zookeeper.embedded is set",
                    "In development set handover.zookeeper.embedded=true; else handover.zookeeper.connect-string, handover.node-id, handover.data-directory, handover.transport.host and handover.transport.port.",
                    rootFailure);
        }
        if (wanted == LeaderElection.class) {
            return analysis(
                    what + "handover.election.path is not set",
                    "Set handover.election.path, for example /jobs/billing.",
                    rootFailure);
        }
        if (wanted == HaNode.class) {
            return null;
        }
        return analysis(
                what + "there is none for it: each bean of type StateMachine with a group gives one",
                "Declare a bean of type StateMachine, with @HandoverGroup(\"...\") on its class or @Bean method; with several groups, name the one that is wanted with @HandoverGroup at the injection point.",
                rootFailure);
    }

    private static FailureAnalysis analysis(String problem, String remedy, Throwable failure) {
        return new FailureAnalysis(problem + ".", remedy, failure);
    }
}
