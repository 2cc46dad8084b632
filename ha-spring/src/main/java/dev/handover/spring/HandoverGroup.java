package dev.handover.spring;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.springframework.beans.factory.annotation.Qualifier;

/**
 * Names the group that a {@link dev.handover.replication.StateMachine} bean belongs to: on its class, or on the {@code @Bean} method. The application gets a
 * {@link dev.handover.replication.ReplicatedLog} for it, which joins the group when the application is ready.
 *
 * <pre>{@code
 * @Component
 * @HandoverGroup("orders")
 * class OrderBook implements StateMachine { ... }
 *
 * Orders(@HandoverGroup("orders") ReplicatedLog log) { ... }
 * }</pre>
 *
 * <p>Where something is injected it chooses the log of that group; with one group it can be left out there. The property {@code handover.groups.BEAN} goes before the annotation on a bean. All instances
 * must use the same name, and keep it: another name is another group, with an empty log.
 */
@Documented
@Qualifier
@Retention(RetentionPolicy.RUNTIME)
@Target({ElementType.TYPE, ElementType.METHOD, ElementType.FIELD, ElementType.PARAMETER})
public @interface HandoverGroup {
    /** Name of the group; on a bean, placeholders such as <code>${orders.group}</code> are replaced. */
    String value();
}
