import { expectBothToAgree } from '../../../../test/support/shape-agreement';
import { AppSettingsDto } from './app-settings.dto';
import { ChangeAppDto, CreateAppDto, RotateSecretDto } from './app.dto';
import { ChangeDeveloperDto, DecisionDto, DevelopersQuery, SignUpDto, VerificationDto } from './developer.dto';

const SHAPES = [
  AppSettingsDto,
  ChangeAppDto,
  CreateAppDto,
  RotateSecretDto,
  ChangeDeveloperDto,
  DecisionDto,
  DevelopersQuery,
  SignUpDto,
  VerificationDto,
];

describe('the compiled check and class-validator', () => {
  it.each(SHAPES.map((shape) => [shape.name, shape] as const))('agree on %s', (_, shape) => {
    expectBothToAgree(shape);
  });
});
