package dev.handover.spring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.handover.election.LeaderElection;
import dev.handover.replication.HaNode;
import dev.handover.replication.ReplicatedLog;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.autoconfigure.ImportAutoConfiguration;
import org.springframework.boot.diagnostics.FailureAnalysis;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.util.unit.DataSize;

/** What is wrong or missing is refused with the key, the value and a remedy. */
@ExtendWith(OutputCaptureExtension.class)
class HandoverPropertiesTest {
    @TempDir
    Path directory;

    private final ApplicationContextRunner runner = new ApplicationContextRunner()
            .withConfiguration(AutoConfigurations.of(HandoverAutoConfiguration.class))
            .withUserConfiguration(Doubles.OwnStore.class);

    private List<String> complete() {
        return new ArrayList<>(List.of(
                "handover.zookeeper.connect-string=127.0.0.1:1",
                "handover.node-id=a",
                "handover.data-directory=" + directory,
                "handover.transport.host=127.0.0.1",
                "handover.transport.port=0"));
    }

    @Test
    void shouldBindEverything() {
        List<String> all = complete();
        all.addAll(List.of(
                "handover.cluster=shop",
                "handover.command-timeout=2s",
                "handover.failure-timeout=750ms",
                "handover.min-in-sync=2",
                "handover.session-timeout=5m",
                "handover.drain-timeout=3s",
                "handover.heartbeat=40ms",
                "handover.read-leases=600ms",
                "handover.learner=true",
                "handover.max-command-size=64KB",
                "handover.max-pending-commands=100",
                "handover.max-pending-size=1MB",
                "handover.max-feature-level=1",
                "handover.snapshot-size=16MB",
                "handover.snapshot-interval=10m",
                "handover.storage.segment-size=1MB",
                "handover.storage.reserve=8MB",
                "handover.hand-over-timeout=7s",
                "handover.join=start",
                "handover.readiness=false",
                "handover.zookeeper.session-timeout=6s",
                "handover.transport.max-frame-size=4MB",
                "handover.election.zone=north",
                "handover.transport.advertised-host=orders-1.example.com",
                "handover.transport.advertised-port=7199"));
        runner.withPropertyValues(all.toArray(String[]::new)).run(context -> {
            assertThat(context).hasNotFailed();
            HandoverProperties bound = context.getBean(HandoverProperties.class);
            assertThat(bound.cluster()).isEqualTo("shop");
            assertThat(bound.commandTimeout()).hasMillis(2000);
            assertThat(bound.failureTimeout()).hasMillis(750);
            assertThat(bound.minInSync()).isEqualTo(2);
            assertThat(bound.maxCommandSize()).isEqualTo(DataSize.ofKilobytes(64));
            assertThat(bound.join()).isEqualTo(HandoverProperties.Join.START);
            assertThat(bound.handOverTimeout()).hasSeconds(7);
            assertThat(context.getBean(HaNode.class).address()).hasToString("orders-1.example.com/<unresolved>:7199");
        });
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            textBlock =
                    """
        handover.node-id                   | Give this process a name
        handover.data-directory            | outlives restarts
        handover.transport.host            | by which the other nodes can dial it
        handover.transport.port            | for example 7101
        """)
    void shouldNameWhatIsMissing(String key, String remedy) {
        List<String> others = complete();
        assertThat(others.removeIf(property -> property.startsWith(key + "="))).isTrue();

        FailureAnalysis analysis = analysisOf(others);

        assertThat(analysis.getDescription()).isEqualTo(key + ": is not set.");
        assertThat(analysis.getAction()).contains(remedy);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '"',
            textBlock =
                    """
        handover.node-id                   | a b            | node id 'a b' has the character ' ' at 1
        handover.node-id                   | ""             | 1 to 64
        handover.data-directory            | ""             | is empty
        handover.cluster                   | a/b            | 'a/b' cannot be the name
        handover.cluster                   | zookeeper      | ZooKeeper's own
        handover.command-timeout           | 0s             | PT0S is no time to wait
        handover.command-timeout           | 1ms            | commandTimeout PT0.001S is not between
        handover.session-timeout           | 5s             | sessionTimeout PT5S is below four times commandTimeout PT5S
        handover.drain-timeout             | 11m            | drainTimeout PT11M is not between
        handover.failure-timeout           | -5s            | PT-5S is no time to wait
        handover.max-feature-level         | 1000           | featureLevel 1000 is above
        handover.max-command-size          | 20MB           | does not fit into the transport's frames
        handover.max-pending-commands      | 0              | maxPendingCommands 0 is not between
        handover.max-pending-size          | 1KB            | maxPendingBytes 1024 is below maxCommandBytes
        handover.snapshot-size             | 1B             | snapshotBytes 1 is not between
        handover.snapshot-interval         | 1ms            | snapshotInterval PT0.001S is not between
        handover.storage.reserve           | -1B            | reserveBytes -1 is below 0
        handover.transport.max-frame-size  | 1B             | maxFrameBytes 1 is not in
        handover.transport.max-frame-size  | 1GB            | max
        handover.min-in-sync               | 0              | 0 is below 1
        handover.transport.host            | 0.0.0.0        | stands for all interfaces
        handover.transport.host            | ""             | is empty
        handover.transport.port            | 70000          | 70000 is no port
        handover.transport.advertised-port | 7101           | Set handover.transport.advertised-host
        handover.transport.advertised-host | ""             | is empty
        handover.hand-over-timeout         | 0s             | PT0S is no time to wait
        handover.stop-delay                | -1s            | PT-1S is negative
        handover.drain-timeout             | -1s            | PT-1S is no time to wait
        handover.session-timeout           | 0s             | PT0S is no time to wait
        handover.heartbeat                 | 0ms            | PT0S is no time to wait
        handover.snapshot-interval         | 0s             | PT0S is no time to wait
        handover.max-command-size          | 3GB            | is out of range
        handover.max-pending-size          | 0B             | is out of range
        handover.snapshot-size             | -1B            | is out of range
        handover.storage.segment-size      | 1KB            | segmentBytes 1024
        handover.transport.max-frame-size  | 0B             | is out of range
        handover.zookeeper.embedded        | true           | beside the connect string
        handover.zookeeper.session-timeout | 0s             | PT0S is no time to wait
        handover.zookeeper.port            | 70000          | 70000 is no port
        handover.read-leases               | 1ns            | lease
        """)
    void shouldNameWhatIsWrong(String key, String value, String message) {
        List<String> properties = complete();
        properties.removeIf(property -> property.startsWith(key + "="));
        properties.add(key + "=" + value);

        FailureAnalysis analysis = analysisOf(properties);

        assertThat(analysis.getDescription() + " " + analysis.getAction())
                .startsWith(key + ": ")
                .contains(message);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '"',
            textBlock =
                    """
        ""              | is empty
        zk1             | 'zk1' in connect string
        zk1:2181/orders | has a path
        """)
    void shouldNameAWrongConnectString(String value, String message) {
        List<String> properties = complete();
        properties.set(0, "handover.zookeeper.connect-string=" + value);
        new ApplicationContextRunner()
                .withConfiguration(AutoConfigurations.of(HandoverAutoConfiguration.class))
                .withPropertyValues(properties.toArray(String[]::new))
                .run(context -> assertThat(analyze(context.getStartupFailure()).getDescription())
                        .startsWith("handover.zookeeper.connect-string: ")
                        .contains(message));
    }

    @Test
    void shouldNameAPortThatSomebodyElseHas() throws IOException {
        try (ServerSocket other = new ServerSocket(0, 1, InetAddress.getByName("127.0.0.1"))) {
            List<String> properties = complete();
            properties.add("handover.transport.port=" + other.getLocalPort());
            FailureAnalysis analysis = analysisOf(properties);
            assertThat(analysis.getDescription())
                    .startsWith("handover.transport.port: node a cannot listen on 127.0.0.1:" + other.getLocalPort());
            assertThat(analysis.getAction()).contains("Choose a free port");
        }
    }

    @Test
    void shouldNameADirectoryThatSomebodyElseHas() {
        runner.withPropertyValues(complete().toArray(String[]::new))
                .withBean("orderBook", StateMachinesTest.OrderBook.class)
                .run(first -> runner.withPropertyValues(complete().toArray(String[]::new))
                        .withBean("orderBook", StateMachinesTest.OrderBook.class)
                        .run(second -> {
                            assertThat(first).hasNotFailed();
                            FailureAnalysis analysis = analyze(second.getStartupFailure());
                            assertThat(analysis.getDescription())
                                    .startsWith("handover.data-directory: ")
                                    .contains(directory.toString(), "is open in this process already");
                            assertThat(analysis.getAction()).contains("a directory of its own");
                        }));
    }

    @Test
    void shouldNameBothOfTwoThatDoNotFit() {
        List<String> properties = complete();
        properties.add("handover.heartbeat=400ms");
        assertThat(analysisOf(properties).getDescription())
                .startsWith("handover.failure-timeout: failureTimeout PT0.5S is below three heartbeats of PT0.4S")
                .endsWith("raise it, or lower the heartbeat");
    }

    @Test
    void shouldNameAWrongSessionTimeoutOfZooKeeper() {
        List<String> properties = complete();
        properties.add("handover.zookeeper.session-timeout=2h");
        new ApplicationContextRunner()
                .withConfiguration(AutoConfigurations.of(HandoverAutoConfiguration.class))
                .withPropertyValues(properties.toArray(String[]::new))
                .run(context -> assertThat(analyze(context.getStartupFailure()).getDescription())
                        .startsWith("handover.zookeeper.session-timeout: session time-out PT2H"));
    }

    @Test
    void shouldRefuseAKeyThatItDoesNotKnow() {
        List<String> properties = complete();
        properties.add("handover.failure-timout=1s");
        runner.withPropertyValues(properties.toArray(String[]::new))
                .run(context -> assertThat(context).getFailure().hasStackTraceContaining("handover.failure-timout"));
    }

    @Test
    void shouldSayItWithoutAStackTrace(CapturedOutput output) {
        SpringApplication application = new SpringApplication(Application.class);
        application.setWebApplicationType(WebApplicationType.NONE);
        assertThatThrownBy(() -> application.run(
                        "--handover.zookeeper.connect-string=127.0.0.1:1",
                        "--handover.node-id=a",
                        "--handover.data-directory=" + directory,
                        "--handover.transport.host=127.0.0.1",
                        "--handover.transport.port=99999"))
                .isInstanceOf(Exception.class);
        assertThat(output)
                .contains("APPLICATION FAILED TO START")
                .contains("handover.transport.port: 99999 is no port.")
                .contains("Use 0 to 65535.")
                .doesNotContain("\tat dev.handover");
    }

    record WantsLog(ReplicatedLog log) {}

    record WantsElection(LeaderElection election) {}

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            textBlock =
                    """
        log      | a=b                               | wants a ReplicatedLog, and Handover is not configured: neither     | handover.zookeeper.embedded=true
        election | a=b                               | wants a LeaderElection, and Handover is not configured: neither    | handover.zookeeper.embedded=true
        log      | handover.enabled=false            | wants a ReplicatedLog, and handover.enabled is false               | Leave handover.enabled out
        log      | handover.zookeeper.connect-string | wants a ReplicatedLog, and there is none for it: each bean of type | @HandoverGroup
        election | handover.zookeeper.connect-string | wants a LeaderElection, and handover.election.path is not set      | /jobs/billing
        """)
    void shouldSayWhatIsNotSetWhenABeanOfTheStarterIsWanted(
            String wanted, String property, String problem, String remedy) {
        ConfigurableApplicationContext[] failed = new ConfigurableApplicationContext[1];
        new ApplicationContextRunner()
                .withInitializer(context -> failed[0] = context)
                .withConfiguration(AutoConfigurations.of(HandoverAutoConfiguration.class))
                .withPropertyValues(property.contains("=") ? property : property + "=127.0.0.1:1")
                .withUserConfiguration(wanted.equals("log") ? WantsLog.class : WantsElection.class)
                .run(context -> {
                    FailureAnalysis analysis = new MissingBeanAnalyzer(
                                    failed[0].getBeanFactory(), failed[0].getEnvironment())
                            .analyze(context.getStartupFailure());
                    assertThat(analysis.getDescription()).startsWith("Bean '").contains(problem);
                    assertThat(analysis.getAction()).contains(remedy);
                });
    }

    private FailureAnalysis analysisOf(List<String> properties) {
        FailureAnalysis[] analysis = new FailureAnalysis[1];
        runner.withPropertyValues(properties.toArray(String[]::new))
                .run(context -> analysis[0] = analyze(context.getStartupFailure()));
        return analysis[0];
    }

    private static FailureAnalysis analyze(Throwable failure) {
        assertThat(failure).as("start must fail").isNotNull();
        FailureAnalysis analysis = new InvalidPropertyAnalyzer().analyze(failure);
        assertThat(analysis).as("%s", failure).isNotNull();
        return analysis;
    }

    @ImportAutoConfiguration(HandoverAutoConfiguration.class)
    static class Application {}
}
