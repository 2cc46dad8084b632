package dev.handover.examples.orders;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What the README of this example promises, with three instances. */
class SpringOrdersIT {
    private static final Pattern ID = Pattern.compile("\"id\":([0-9]+)");

    @TempDir
    Path directory;

    private final Set<Long> acknowledged = new ConcurrentSkipListSet<>();
    private final List<String> failures = new CopyOnWriteArrayList<>();
    private final long begun = System.nanoTime();
    private final AtomicBoolean stop = new AtomicBoolean();

    @Test
    @Timeout(480)
    void shouldFailNoRequestInARollingRestartAndLoseNothingWhenTheLeaderIsKilled() throws Exception {
        assumeTrue(
                Stream.of(System.getenv("PATH").split(":"))
                        .anyMatch(path -> Files.isExecutable(Path.of(path, "haproxy"))),
                "haproxy is not installed; apt-get install haproxy");
        try (Company company = new Company(directory)) {
            company.startSurroundings();
            for (String name : Company.NAMES) {
                company.startInstance(name);
            }
            for (String name : Company.NAMES) {
                company.awaitReady(name);
                company.awaitInSync(name);
            }
            company.startProxy();

            phase("all are in sync");
            List<Thread> clients = clients(company);
            Company.await("orders are taken", () -> acknowledged.size() > 20);
            for (String name : Company.NAMES) {
                company.stop(name);
                phase(name + " has stopped");
                company.startInstance(name);
                company.awaitReady(name);
                company.awaitInSync(name);
                phase(name + " is back");
            }
            int before = acknowledged.size();
            Company.await("orders are taken after the restarts", () -> acknowledged.size() > before + 20);
            System.out.printf(
                    "rolling restart of three: %d orders taken, %d failed%n", acknowledged.size(), failures.size());
            assertThat(failures).isEmpty();

            String leader = company.leader();
            assertThat(leader).isNotNull();
            company.kill(leader);
            int killed = acknowledged.size();
            Company.await("orders are taken after the kill", () -> acknowledged.size() > killed + 20);
            stop.set(true);
            for (Thread client : clients) {
                client.join();
            }
            System.out.printf(
                    "leader killed: %d orders taken in all, %d unanswered%n", acknowledged.size(), failures.size());

            phase("the leader was killed");
            assertThat(ids(company.orders())).containsAll(acknowledged);
            Company.await("everything is shipped", () -> shipped(company).containsAll(acknowledged));
            phase("everything is shipped");
            assertThat(company.shipped().lines().map(line -> line.split(" ")[1]).distinct())
                    .as("epochs of leaders that shipped")
                    .hasSizeGreaterThan(1);
        }
    }

    /** Where the time goes. */
    private void phase(String done) {
        System.out.printf("%5.1f s: %s%n", (System.nanoTime() - begun) / 1e9, done);
    }

    private List<Thread> clients(Company company) {
        List<Thread> clients = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            Thread client = new Thread(() -> order(company), "client-" + i);
            client.start();
            clients.add(client);
        }
        return clients;
    }

    private void order(Company company) {
        while (!stop.get()) {
            try {
                HttpResponse<String> answer = company.order("tea");
                if (answer.statusCode() == 200) {
                    acknowledged.addAll(ids(answer.body()));
                } else {
                    failures.add(answer.statusCode() + " " + answer.body());
                }
                Thread.sleep(50); // a customer thinks
            } catch (IOException e) {
                failures.add(e.toString());
            } catch (InterruptedException e) {
                return;
            }
        }
    }

    private static Set<Long> ids(String json) {
        Set<Long> ids = new ConcurrentSkipListSet<>();
        Matcher found = ID.matcher(json);
        while (found.find()) {
            ids.add(Long.parseLong(found.group(1)));
        }
        return ids;
    }

    private static Set<Long> shipped(Company company) throws IOException, InterruptedException {
        return company.shipped()
                .lines()
                .map(line -> Long.parseLong(line.split(" ")[0]))
                .collect(Collectors.toSet());
    }
}
