"""The text of deploy.sh: the parts of it that this application needs, its values quoted."""

from __future__ import annotations

from shlex import quote

from shipway.deploy.application.application import Application
from shipway.deploy.ejecting import script_parts as parts
from shipway.deploy.planning.images import ImageWish
from shipway.deploy.planning.load_balancing import BalancerWish
from shipway.deploy.planning.references import in_ecr, repository_name
from shipway.deploy.planning.task_request import chosen_container


class Script:
    """One application's script."""

    def __init__(
        self,
        application: Application,
        root: str,
        create: bool,
        balancer: BalancerWish | None,
        wishes: tuple[ImageWish, ...],
    ) -> None:
        self.application = application
        self.root = root
        self.create = create
        self.balancer = balancer
        self.wishes = wishes

    def text(self) -> str:
        application = self.application
        around = [*application.before_deploy, *application.after_deploy]
        sections = [
            self.head(),
            parts.CLUSTER if self.create else "",
            parts.IMAGES if self.wishes else "",
            *(self.image(wish) for wish in self.wishes),
            self.balancing() if self.balancer else "",
            parts.REGISTER,
            parts.RUN_TASK if around else "",
            "".join(self.task(name) for name in application.before_deploy),
            self.service(),
            parts.WATCH,
            "".join(self.task(name) for name in application.after_deploy),
        ]
        return "\n".join(section for section in sections if section)

    def head(self) -> str:
        application = self.application
        options = [f"--region {quote(application.region)}"] if application.region else []
        options += [f"--profile {quote(application.profile)}"] if application.profile else []
        return parts.HEAD.format(
            name=" ".join(application.service_name.split()),
            cluster=quote(application.cluster),
            service=quote(application.service_name),
            root=quote(self.root),
            options="".join(f" {option}" for option in options),
        )

    def image(self, wish: ImageWish) -> str:
        image, container = wish.image, quote(wish.container)
        command = [f'-f "$root"/{quote(f"{image.context}/{image.dockerfile}")}'] if image.dockerfile else []
        command += [f"--target {quote(image.target)}"] if image.target else []
        command += [f"--platform {quote(image.platform)}"] if image.platform else []
        command += [f"--build-arg {quote(f'{name}={value}')}" for name, value in sorted(image.args.items())]
        for name, secret in sorted(image.secrets.items()):
            place = f"env={secret.env}" if secret.env else f"src=$root/{secret.file}"
            command.append(f'--secret "id={name},{place}"')
        command += [f"--cache-from {quote(place)}" for place in image.cache_from]
        command += [f"--cache-to {quote(place)}" for place in image.cache_to]
        if in_ecr(wish.repository):
            name = quote(repository_name(wish.repository))
            found = f'repository=$(repository_uri {name})\n  login "$repository"'
        else:
            found = f"repository={quote(wish.repository)}"
        return parts.IMAGE.format(
            container=container,
            repository=found,
            tag=quote(wish.tag) if wish.tag else '"$tag"',
            options="".join(f" \\\n    {option}" for option in command),
            context=quote(image.context),
        )

    def balancing(self) -> str:
        wish = self.balancer
        assert wish is not None
        return parts.BALANCER.format(
            name=quote(wish.name),
            port=wish.block.listener_port,
            delay=wish.block.deregistration_delay,
            container=quote(wish.block.container),
            container_port=wish.block.container_port,
            create="true" if wish.create else "false",
        )

    def task(self, name: str) -> str:
        task = self.application.tasks[name]
        container = chosen_container(task.container, self.application.task_definition)
        return f"run_task {quote(name)} {quote(container)}\n"

    def service(self) -> str:
        scheduling = self.application.service.get("schedulingStrategy")
        count = self.application.service.get("desiredCount")
        counted = "" if scheduling == "DAEMON" or count is None else parts.COUNT.format(count=count)
        targets = parts.TARGETS if self.balancer else ""
        return parts.SERVICE.format(count=counted, targets=targets)
