package dev.handover.spring;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Inherited;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * Gives a Spring test a cluster in its own JVM: the application's node, called {@code app}, and peers {@code peer-1}, {@code peer-2}, … that keep the same groups with state machines of their own. The test injects the {@link HandoverCluster}, and kills and cuts.
 *
 * <pre>{@code
 * @SpringBootTest
 * @HandoverTest
 * class OrdersTest {
 *     @Test
 *     void shouldSurviveItsLeader(@Autowired HandoverCluster cluster, @Autowired Orders orders) {
 *         orders.place("tea");
 *         cluster.transfer("orders", "peer-1");
 *         cluster.kill("peer-1");
 *         orders.place("cup"); // through whoever leads now
 *     }
 * }
 * }</pre>
 *
 * <p>Everything is real but the network: an embedded ZooKeeper, logs in a temporary directory, connections on the loopback interface that can be cut. When the test begins, all are in sync and {@code app} leads. Properties of the
 * application are used, but those that say where ZooKeeper, the other nodes and the logs are. Needs spring-test.
 */
@Documented
@Inherited
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.TYPE)
public @interface HandoverTest {
    /** How many nodes there are beside the application's. */
    int peers() default 2;
}
