package dev.handover.spring;

import dev.handover.ops.OpsModel;
import dev.handover.ops.OpsPage;
import dev.handover.ops.OpsSnapshot;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.actuate.endpoint.Access;
import org.springframework.boot.actuate.endpoint.SecurityContext;
import org.springframework.boot.actuate.endpoint.annotation.ReadOperation;
import org.springframework.boot.actuate.endpoint.annotation.Selector;
import org.springframework.boot.actuate.endpoint.annotation.WriteOperation;
import org.springframework.boot.actuate.endpoint.web.WebEndpointResponse;
import org.springframework.boot.actuate.endpoint.web.annotation.WebEndpoint;
import org.springframework.util.MimeType;

/**
 * The actuator endpoint {@code handover}: what the operations page shows as JSON, the page itself ({@code handover/page}), and, only with {@code management.endpoint.handover.access=unrestricted}, the actions that the snapshot
 * offers. Who may call it is up to the security of the application's actuator; the page has buttons only for somebody whom that knows.
 */
@WebEndpoint(id = "handover", defaultAccess = Access.READ_ONLY)
final class HandoverEndpoint {
    private static final long ACTION_SECONDS = 30;
    private static final MimeType HTML = MimeType.valueOf("text/html;charset=utf-8");
    private static final WebEndpointResponse<String> NOT_FOUND =
            new WebEndpointResponse<>(WebEndpointResponse.STATUS_NOT_FOUND);
    private static final MimeType JSON = MimeType.valueOf("application/json");

    private final OpsModel model;
    private final boolean acts;
    private final ObjectProvider<PageEvents> events;

    /** @param acts whether this endpoint's actions are there at all */
    HandoverEndpoint(OpsModel model, boolean acts, ObjectProvider<PageEvents> events) {
        this.model = model;
        this.acts = acts;
        this.events = events;
    }

    @ReadOperation(produces = "application/json")
    String status() {
        return model.snapshot().toJson();
    }

    /** The page, and what it asks for, relative to its own address. */
    @ReadOperation(produces = {"text/html", "application/json", "text/event-stream"})
    Object part(@Selector String name, SecurityContext security) {
        boolean known = security.getPrincipal() != null;
        return switch (name) {
            case "page" -> new WebEndpointResponse<>(page(), WebEndpointResponse.STATUS_OK, HTML);
            case "status.json" ->
                new WebEndpointResponse<>(
                        offered(known, model.snapshot()).toJson(), WebEndpointResponse.STATUS_OK, JSON);
            case "events" -> {
                PageEvents open = events.getIfAvailable();
                Object stream = open == null ? null : open.open(snapshot -> offered(known, snapshot));
                yield stream == null ? NOT_FOUND : stream; // without them the page asks every two seconds
            }
            default -> NOT_FOUND;
        };
    }

    @WriteOperation
    WebEndpointResponse<Map<String, String>> perform(
            @Selector String action, String subject, @Nullable String target, @Nullable String confirm) {
        try {
            CompletableFuture<String> done = model.perform(action, subject, target, confirm == null ? "" : confirm);
            return new WebEndpointResponse<>(Map.of(
                    "done", done.orTimeout(ACTION_SECONDS, TimeUnit.SECONDS).join()));
        } catch (IllegalArgumentException e) {
            return new WebEndpointResponse<>(
                    Map.of("refused", String.valueOf(e.getMessage())), WebEndpointResponse.STATUS_BAD_REQUEST);
        } catch (CompletionException e) {
            return new WebEndpointResponse<>(
                    Map.of(
                            "failed",
                            String.valueOf(
                                    e.getCause() == null ? e : e.getCause().getMessage())),
                    WebEndpointResponse.STATUS_INTERNAL_SERVER_ERROR);
        }
    }

    /** With the policy in the page, because an endpoint sends no headers, and the word that its actions take JSON. */
    private static String page() {
        String policy = OpsPage.CONTENT_SECURITY_POLICY.replace("; frame-ancestors 'none'", "");
        return OpsPage.html()
                .replaceFirst(
                        "<head>",
                        "<head><meta http-equiv=\"Content-Security-Policy\" content=\"" + policy.replace("$", "\\$")
                                + "\"><meta name=\"handover-actions\" content=\"json\">");
    }

    private OpsSnapshot offered(boolean known, OpsSnapshot all) {
        return acts && known ? all : withoutActions(all);
    }

    private static OpsSnapshot withoutActions(OpsSnapshot all) {
        return new OpsSnapshot(
                all.at(),
                all.node(),
                all.version(),
                all.groups(),
                all.elections(),
                all.timeline(),
                all.items(),
                List.of());
    }
}
