package dev.handover.examples.orders;

import dev.handover.FencedException;
import dev.handover.fencing.HttpFence;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.stereotype.Component;

/** The downstream. It is told the epoch, and refuses a leader that was deposed. */
@Component
class Warehouse {
    private static final Duration PATIENCE = Duration.ofSeconds(2);

    private final HttpClient http =
            HttpClient.newBuilder().connectTimeout(PATIENCE).build();
    private final URI address;

    Warehouse(@Value("${orders.warehouse:http://127.0.0.1:7300/ship}") URI address) {
        this.address = address;
    }

    /** Ships an order, once, however often it is told. */
    void ship(long order, long epoch) throws IOException, InterruptedException {
        HttpRequest request = HttpRequest.newBuilder(address)
                .timeout(PATIENCE)
                .header(HttpFence.HEADER, String.valueOf(epoch))
                .POST(HttpRequest.BodyPublishers.ofString(String.valueOf(order)))
                .build();
        HttpResponse<String> answer = http.send(request, HttpResponse.BodyHandlers.ofString());
        if (answer.statusCode() == 412) {
            throw new FencedException(answer.body());
        }
        if (answer.statusCode() != 200) {
            throw new IOException("the warehouse answers " + answer.statusCode() + ": " + answer.body());
        }
    }
}
